-- Department performance
-- bar: total_sales
-- place: 70
-- question: Which departments sell most, how steadily, and where?
-- reads: sales
-- heading: yoy_pct | change on comparable weeks %
-- method: All sales of a department. Volatility is the standard deviation of its weekly sums in percent of their mean; the
--   change compares weeks of a store with those 364 days earlier, where both are there.
-- headline (lowest rank): Department {dept}[, tied with {tied},] sells most: {total_sales:money}[, {share_pct:percent} of
--   the chain][, {yoy_pct:change} on comparable weeks]; its best store is {best_store}.
-- empty: There are no sales.
with department_weeks as (
  select
    dept,
    date,
    cast(sum(weekly_sales) * 100 as bigint) as cents
  from sales
  group by dept, date
),
-- Squares are exact, so that the order of the rows can not show in the last digits of a deviation.
departments as (
  select
    dept,
    count(*) as weeks,
    sum(cents) as cents,
    sum(cast(cents as decimal(19, 0)) * cast(cents as decimal(19, 0))) as squares
  from department_weeks
  group by dept
),
department_stores as (
  select
    dept,
    store,
    cast(sum(weekly_sales) * 100 as bigint) as cents
  from sales
  group by dept, store
),
placed_stores as (
  select
    dept,
    store,
    cents,
    row_number() over (partition by dept order by cents desc, store) as place,
    count(*) over (partition by dept) as stores
  from department_stores
),
comparable_weeks as (
  select
    week.dept,
    cast(sum(week.weekly_sales) * 100 as bigint) as cents,
    cast(sum(earlier.weekly_sales) * 100 as bigint) as earlier_cents
  from sales as week
  join sales as earlier
    on
      earlier.store = week.store
      and earlier.dept = week.dept
      and cast(earlier.date + interval 364 day as date) = week.date
  group by week.dept
),
figures as (
  select
    dept,
    weeks,
    cents,
    (2 * cents + case when cents < 0 then -weeks else weeks end) // (2 * weeks) as average_cents,
    cast(weeks * squares - cast(cents as decimal(19, 0)) * cast(cents as decimal(19, 0)) as double) as spread,
    sum(cents) over () as chain_cents,
    rank() over (order by cents desc) as rank
  from departments
)
-- The average is in whole cents, half away from zero: n/d is (2n ± d) // 2d, and no double comes in between.
select
  figures.rank,
  figures.dept,
  placed_stores.stores,
  figures.weeks,
  cast(figures.cents as decimal(24, 0)) * 0.01 as total_sales,
  case
    when figures.chain_cents > 0 then round(10000 * cast(figures.cents as double) / figures.chain_cents) / 100
  end as share_pct,
  cast(figures.average_cents as decimal(24, 0)) * 0.01 as avg_weekly_sales,
  case
    when figures.weeks > 1 and figures.cents > 0
      then round(10000 * sqrt(figures.weeks * figures.spread / (figures.weeks - 1)) / figures.cents) / 100
  end as volatility_pct,
  case
    when comparable_weeks.earlier_cents > 0
      then round(
        10000 * cast(comparable_weeks.cents - comparable_weeks.earlier_cents as double)
        / comparable_weeks.earlier_cents
      ) / 100
  end as yoy_pct,
  placed_stores.store as best_store,
  case
    when figures.cents > 0 then round(10000 * cast(placed_stores.cents as double) / figures.cents) / 100
  end as best_store_share_pct
from figures
join placed_stores on placed_stores.dept = figures.dept and placed_stores.place = 1
left join comparable_weeks on comparable_weeks.dept = figures.dept
order by figures.rank, figures.dept
