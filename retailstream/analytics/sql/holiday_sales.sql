-- Holiday sales
-- bar: avg_weekly_sales
-- place: 20
-- question: How much do the stores sell in holiday weeks, and which sells most?
-- reads: sales
-- method: The average sales of a store's holiday weeks, beside the average of its weeks without a holiday. A holiday is told
--   by the month of the flagged week.
-- headline (first holiday, lowest rank): Over {holiday:lower} store {store}[ (type {type})][, tied with {tied},]
--   sells most: {avg_weekly_sales:money} a week[, {lift_pct:above} its usual week].
-- empty: No week with sales is flagged as a holiday.
with store_weeks as (
  select
    store,
    date,
    max(case when is_holiday then 1 else 0 end) as is_holiday,
    cast(sum(weekly_sales) * 100 as bigint) as cents
  from sales
  group by store, date
),
holiday_weeks as (
  select
    'All holidays' as holiday,
    1 as place,
    store,
    cents
  from store_weeks
  where is_holiday = 1
  union all
  select
    case month(date)
      when 2 then 'Super Bowl'
      when 9 then 'Labor Day'
      when 11 then 'Thanksgiving'
      when 12 then 'Christmas'
      else 'Other holiday'
    end as holiday,
    case month(date) when 2 then 2 when 9 then 3 when 11 then 4 when 12 then 5 else 6 end as place,
    store,
    cents
  from store_weeks
  where is_holiday = 1
),
holidays as (
  select
    holiday,
    place,
    store,
    count(*) as weeks,
    sum(cents) as cents
  from holiday_weeks
  group by holiday, place, store
),
usual_weeks as (
  select
    store,
    count(*) as weeks,
    sum(cents) as cents
  from store_weeks
  where is_holiday = 0
  group by store
),
-- Whole cents, half away from zero: n/d is (2n ± d) // 2d, and no double comes in between.
figures as (
  select
    holidays.holiday,
    holidays.place,
    holidays.store,
    holidays.weeks,
    (2 * holidays.cents + case when holidays.cents < 0 then -holidays.weeks else holidays.weeks end)
    // (2 * holidays.weeks) as average_cents,
    case
      when usual_weeks.cents > 0 then round(
        10000 * cast(holidays.cents * usual_weeks.weeks - usual_weeks.cents * holidays.weeks as double)
        / cast(usual_weeks.cents * holidays.weeks as double)
      ) / 100
    end as lift_pct
  from holidays
  left join usual_weeks on usual_weeks.store = holidays.store
),
ranked as (
  select
    figures.*,
    rank() over (partition by holiday order by average_cents desc) as rank
  from figures
)
select
  ranked.holiday,
  ranked.store,
  stores.type,
  ranked.weeks,
  cast(ranked.average_cents as decimal(24, 0)) * 0.01 as avg_weekly_sales,
  ranked.lift_pct,
  ranked.rank
from ranked
left join stores on stores.store = ranked.store
order by ranked.place, ranked.rank, ranked.store
