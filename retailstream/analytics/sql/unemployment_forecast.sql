-- Unemployment and sales to come
-- bar: predicted_avg_weekly_sales
-- place: 40
-- question: What will the departments sell where unemployment is high?
-- method: The forecast of every department of the stores whose last known unemployment is above the threshold, added up
--   over the weeks to come. The change compares the total with what the same pairs sold 364 days before each week, which
--   are other weeks than the last 52 beside it; the interval is calibrated on a backtest.
-- reads: sales, features, features.unemployment
-- needs: forecast
-- heading: recent_avg_weekly_sales | avg weekly sales of the last 52 weeks
-- heading: change_pct | total against the same weeks a year before %
-- parameter: threshold number = 8 at least 0 at most 100 | the unemployment, in percent, above which a store counts
-- headline (highest predicted_total_sales): Where unemployment is above {threshold} %, department {dept}[, tied with
--   {tied},] will sell most over {weeks:weeks} to come: {predicted_avg_weekly_sales:money} a week and store on average
--   (80 % interval: {low:money} to {high:money})[; its total is {change_pct:change} on the same weeks a year before].
-- empty: No week to come is known for a store with unemployment above {threshold} %.
with last_week as (
  select max(date) as date
  from sales
),
-- What a planner knows: the last rate dated no later than the last sale.
known_rates as (
  select
    features.store,
    features.unemployment,
    row_number() over (partition by features.store order by features.date desc) as place
  from features
  cross join last_week
  where features.unemployment is not null and features.date <= last_week.date
),
kept_stores as (
  select store
  from known_rates
  where place = 1 and unemployment > cast($threshold as decimal(18, 10))
),
cells as (
  select
    forecast.store,
    forecast.dept,
    forecast.date,
    cast(forecast.predicted * 100 as bigint) as cents,
    cast(forecast.low * 100 as bigint) as low_cents,
    cast(forecast.high * 100 as bigint) as high_cents,
    case when earlier.store is not null then cast(forecast.predicted * 100 as bigint) end as compared_cents,
    cast(earlier.weekly_sales * 100 as bigint) as earlier_cents
  from forecast
  join kept_stores on kept_stores.store = forecast.store
  left join sales as earlier
    on
      earlier.store = forecast.store
      and earlier.dept = forecast.dept
      and cast(earlier.date + interval 364 day as date) = forecast.date
),
departments as (
  select
    dept,
    count(distinct store) as stores,
    count(distinct date) as weeks,
    count(*) as cells,
    sum(cents) as cents,
    sum(cents) - sum(low_cents) as below_cents,
    sum(high_cents) - sum(cents) as above_cents,
    sum(compared_cents) as compared_cents,
    sum(earlier_cents) as earlier_cents
  from cells
  group by dept
),
ranked_weeks as (
  select
    date,
    row_number() over (order by date desc) as place
  from (select distinct date from sales) as weeks
),
recent as (
  select
    sales.dept,
    count(*) as weeks,
    cast(sum(sales.weekly_sales) * 100 as bigint) as cents
  from sales
  join ranked_weeks on ranked_weeks.date = sales.date
  join (select distinct store, dept from cells) as pairs on pairs.store = sales.store and pairs.dept = sales.dept
  where ranked_weeks.place <= 52
  group by sales.dept
)
-- Whole cents, half away from zero: n/d is (2n ± d) // 2d, and no double comes in between. The interval of a mean is
-- narrower than its cells', as their errors cancel out in part: of an error's variance a tenth is common to all of a
-- department, 0.15 to the weeks of a store, and 0.75 is the cell's own, as measured on the backtest (ADR 0012).
select
  departments.dept,
  departments.stores,
  departments.weeks,
  cast(departments.cents as decimal(24, 0)) * 0.01 as predicted_total_sales,
  cast(
    (2 * departments.cents + case when departments.cents < 0 then -departments.cells else departments.cells end)
    // (2 * departments.cells) as decimal(24, 0)
  ) * 0.01 as predicted_avg_weekly_sales,
  cast(
    round(
      (departments.cents - departments.below_cents * sqrt(1e-1 + 15e-2 / departments.stores + 75e-2 / departments.cells))
      / departments.cells
    ) as decimal(24, 0)
  ) * 0.01 as low,
  cast(
    round(
      (departments.cents + departments.above_cents * sqrt(1e-1 + 15e-2 / departments.stores + 75e-2 / departments.cells))
      / departments.cells
    ) as decimal(24, 0)
  ) * 0.01 as high,
  cast(
    (2 * recent.cents + case when recent.cents < 0 then -recent.weeks else recent.weeks end)
    // (2 * recent.weeks) as decimal(24, 0)
  ) * 0.01 as recent_avg_weekly_sales,
  case
    when departments.earlier_cents > 0
      then round(
        10000 * cast(departments.compared_cents - departments.earlier_cents as double) / departments.earlier_cents
      ) / 100
  end as change_pct
from departments
left join recent on recent.dept = departments.dept
order by departments.dept
