-- Leap-year sales
-- bar: avg_weekly_sales
-- place: 30
-- question: Which stores sell worst in leap years?
-- reads: sales
-- heading: change_pct | change on comparable weeks %
-- method: The average weekly sales of each store in each leap year, the worst first. The change compares weeks with those 364
--   days earlier, where the store has both.
-- headline (highest year, lowest rank): In {year} store {store}[ (type {type})][, tied with {tied},] sold
--   worst: {avg_weekly_sales:money} a week over {weeks:weeks}[, {change_pct:change} on comparable weeks].
-- empty: No leap year has sales.
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
leap_years as (
  select
    year,
    store,
    count(*) as weeks,
    sum(cents) as cents,
    sum(comparable_cents) as comparable_cents,
    sum(earlier_cents) as earlier_cents
  from compared_weeks
  where year % 4 = 0 and (year % 100 <> 0 or year % 400 = 0)
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
    end as change_pct
  from leap_years
),
ranked as (
  select
    figures.*,
    rank() over (partition by year order by average_cents) as rank
  from figures
)
select
  ranked.year,
  ranked.store,
  stores.type,
  ranked.weeks,
  cast(ranked.cents as decimal(24, 0)) * 0.01 as total_sales,
  cast(ranked.average_cents as decimal(24, 0)) * 0.01 as avg_weekly_sales,
  ranked.change_pct,
  ranked.rank
from ranked
left join stores on stores.store = ranked.store
order by ranked.year, ranked.rank, ranked.store
