-- Impact of offers
-- place: 100
-- question: Do the stores sell more in weeks with offers?
-- reads: sales, features, features.markdown1/markdown2/markdown3/markdown4/markdown5
-- heading: lift_pct | lift of the averages %
-- heading: seasonal_lift_pct | seasonal lift, points
-- method: The average sales of a store's weeks with any markdown above zero, beside those of its weeks without. The seasonal
--   lift compares the growth over last year's weeks instead, so that the season is taken out.
-- headline (highest seasonal_lift_pct): With last year's season taken out, weeks with offers sell better in
--   {seasonal_lift_pct:positives} of {seasonal_lift_pct:known} stores where that can be told; the best is
--   store {store}[ (type {type})][, tied with {tied},] at {seasonal_lift_pct:signed} points.
-- headline (highest lift_pct): Before any season is taken out, weeks with offers sell better in {lift_pct:positives}
--   of {lift_pct:known} stores where that can be told; the best is store {store}[ (type {type})][, tied with
--   {tied},] at {lift_pct:signed} %.
-- headline: Whether offers help can not be told: no store has weeks both with and without them to compare.
-- empty: No week with sales has a features row.
with store_weeks as (
  select
    store,
    date,
    cast(sum(weekly_sales) * 100 as bigint) as cents
  from sales
  group by store, date
),
-- A sum of doubles depends on the order of its rows, a sum of whole numbers does not.
marked_weeks as (
  select
    week.store,
    case
      when
        features.markdown1 > 0
        or features.markdown2 > 0
        or features.markdown3 > 0
        or features.markdown4 > 0
        or features.markdown5 > 0
        then 1
      else 0
    end as has_offers,
    week.cents,
    case
      when earlier.cents > 0
        then cast(round(1e15 * cast(week.cents - earlier.cents as double) / earlier.cents) as decimal(38, 0))
    end as change
  from store_weeks as week
  join features on features.store = week.store and features.date = week.date
  left join store_weeks as earlier
    on earlier.store = week.store and cast(earlier.date + interval 364 day as date) = week.date
),
store_offers as (
  select
    store,
    sum(has_offers) as weeks_with,
    count(*) - sum(has_offers) as weeks_without,
    sum(case when has_offers = 1 then cents end) as cents_with,
    sum(case when has_offers = 0 then cents end) as cents_without,
    sum(case when has_offers = 1 then change end) as change_with,
    sum(case when has_offers = 0 then change end) as change_without,
    count(case when has_offers = 1 then change end) as changes_with,
    count(case when has_offers = 0 then change end) as changes_without
  from marked_weeks
  group by store
),
-- Whole cents, half away from zero: n/d is (2n ± d) // 2d, and no double comes in between.
figures as (
  select
    store,
    weeks_with,
    weeks_without,
    case
      when weeks_with > 0
        then (2 * cents_with + case when cents_with < 0 then -weeks_with else weeks_with end) // (2 * weeks_with)
    end as average_with,
    case
      when weeks_without > 0
        then (2 * cents_without + case when cents_without < 0 then -weeks_without else weeks_without end)
          // (2 * weeks_without)
    end as average_without,
    case
      when weeks_with > 0 and cents_without > 0
        then round(
          10000 * cast(cents_with * weeks_without - cents_without * weeks_with as double)
          / cast(cents_without * weeks_with as double)
        ) / 100
    end as lift_pct,
    case
      when changes_with > 0 and changes_without > 0
        then round(
          cast(change_with * changes_without - change_without * changes_with as double)
          / (1e11 * changes_with * changes_without)
        ) / 100
    end as seasonal_lift_pct
  from store_offers
)
select
  figures.store,
  stores.type,
  figures.weeks_with as weeks_with_offers,
  figures.weeks_without as weeks_without_offers,
  cast(figures.average_with as decimal(24, 0)) * 0.01 as avg_sales_with_offers,
  cast(figures.average_without as decimal(24, 0)) * 0.01 as avg_sales_without_offers,
  figures.lift_pct,
  figures.seasonal_lift_pct
from figures
left join stores on stores.store = figures.store
order by figures.store
