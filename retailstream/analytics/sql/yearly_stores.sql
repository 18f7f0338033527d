-- Yearly stores
-- bar: total_sales
-- place: 90
-- question: Which stores sell most in each year?
-- reads: sales
-- heading: yoy_pct | change on comparable weeks %
-- method: All sales of a store in a year. The change compares weeks with those 364 days earlier, where the store has both.
-- headline (highest year, lowest rank): In {year} store {store}[ (type {type})][, tied with {tied},] sold most:
--   {total_sales:money} in {weeks:weeks}[, {yoy_pct:change} on comparable weeks].
-- empty: There are no sales.
with store_weeks as (
  select
    store,
    date,
    cast(sum(weekly_sales) * 100 as bigint) as cents
  from sales
  group by store, date
),
compared_weeks as (
  select
    year(week.date) as year,
    week.store,
    week.cents,
    case when earlier.cents is not null then week.cents end as comparable_cents,
    earlier.cents as earlier_cents
  from store_weeks as week
  left join store_weeks as earlier
    on earlier.store = week.store and cast(earlier.date + interval 364 day as date) = week.date
),
years as (
  select
    year,
    store,
    count(*) as weeks,
    sum(cents) as cents,
    sum(comparable_cents) as comparable_cents,
    sum(earlier_cents) as earlier_cents
  from compared_weeks
  group by year, store
),
-- Whole cents, half away from zero: n/d is (2n ± d) // 2d, and no double comes in between.
figures as (
  select
    year,
    store,
    weeks,
    cents,
    (2 * cents + case when cents < 0 then -weeks else weeks end) // (2 * weeks) as average_cents,
    case
      when earlier_cents > 0
        then round(10000 * cast(comparable_cents - earlier_cents as double) / earlier_cents) / 100
    end as yoy_pct,
    rank() over (partition by year order by cents desc) as rank
  from years
)
select
  figures.year,
  figures.rank,
  figures.store,
  stores.type,
  figures.weeks,
  cast(figures.cents as decimal(24, 0)) * 0.01 as total_sales,
  cast(figures.average_cents as decimal(24, 0)) * 0.01 as avg_weekly_sales,
  figures.yoy_pct
from figures
left join stores on stores.store = figures.store
order by figures.year, figures.rank, figures.store
