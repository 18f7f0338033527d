-- Customer visits
-- bar: avg_weekly_sales
-- place: 10
-- question: How many customers a week visit the stores of one type in one month of the year?
-- method: The average of the store's weeks of that month, over all years. The data holds no counts of visits unless features or
--   sales files have a Customers column. That of the features files counts the visits of a store, and is taken where it
--   has all weeks of the month (basis measured-store). That of the sales files counts the visits of a department (basis
--   measured), so that a receipt with goods of three departments counts three times. Without either sales stand in, and the month index says how the month compares with the
--   store's usual week once prices (CPI) are taken out.
-- reads: sales, stores
-- parameter: type text = B among stores.type | the type of the stores
-- parameter: month integer = 4 at least 1 at most 12 | the month of the year, over all years
-- parameter: basket money at least 0.01 | what one visit brings on average, where visits were not counted
-- headline (highest avg_weekly_visits): In {month:month} store {store} leads type {type}[, tied with {tied}]:
--   {avg_weekly_visits:visits} visits a week (basis: {basis}; a figure exists for {avg_weekly_visits:known} of
--   {store:known} stores).
-- headline (highest avg_weekly_sales): In {month:month} store {store} leads type {type}[, tied with {tied}], judged
--   by sales, as no store's visits are fully known: {avg_weekly_sales:money} a week[, {month_index:percent} of its
--   usual sales once prices are taken out].
-- empty: No store of type {type} has sales in {month:month}.
with store_weeks as (
  select
    sales.store,
    stores.type,
    sales.date,
    case when month(sales.date) = $month then 1 else 0 end as in_month,
    cast(sum(sales.weekly_sales) * 100 as bigint) as cents,
    count(sales.customers) as counted_rows,
    case when count(sales.customers) = count(*) then sum(sales.customers) end as visits,
    max(features.customers) as store_visits
  from sales
  join stores on stores.store = sales.store
  left join features on features.store = sales.store and features.date = sales.date
  where stores.type = $type
  group by sales.store, stores.type, sales.date
),
-- A sum of doubles depends on the order of its rows, a sum of whole numbers does not.
real_weeks as (
  select
    store_weeks.store,
    store_weeks.in_month,
    cast(round(1e12 * store_weeks.cents / cast(features.cpi as double)) as decimal(38, 0)) as amount
  from store_weeks
  join features on features.store = store_weeks.store and features.date = store_weeks.date
  where features.cpi > 0
),
real_sales as (
  select
    store,
    count(*) as weeks,
    sum(in_month) as month_weeks,
    sum(amount) as amount,
    sum(case when in_month = 1 then amount end) as month_amount
  from real_weeks
  group by store
),
store_months as (
  select
    store,
    type,
    count(*) as weeks,
    sum(cents) as cents,
    sum(counted_rows) as counted_rows,
    case when count(visits) = count(*) then sum(visits) end as visits,
    count(store_visits) as counted_weeks,
    case when count(store_visits) = count(*) then sum(store_visits) end as all_store_visits,
    cast(cast($basket as decimal(12, 2)) * 100 as bigint) as basket_cents
  from store_weeks
  where in_month = 1
  group by store, type
),
-- Whole cents and whole tenths of a visit, half away from zero: n/d is (2n ± d) // 2d, and no double comes in between.
figures as (
  select
    store,
    type,
    weeks,
    (2 * cents + case when cents < 0 then -weeks else weeks end) // (2 * weeks) as average_cents,
    case
      when all_store_visits is not null then (20 * all_store_visits + weeks) // (2 * weeks)
      when counted_rows > 0 then (20 * visits + weeks) // (2 * weeks)
      when counted_weeks > 0 then null
      else
        (20 * cents + case when cents < 0 then -weeks else weeks end * basket_cents) // (2 * weeks * basket_cents)
    end as visit_tenths,
    case
      when all_store_visits is not null then 'measured-store'
      when counted_rows > 0 then 'measured'
      when counted_weeks > 0 then 'measured-store'
      when basket_cents is not null then 'basket'
      else 'sales-proxy'
    end as basis
  from store_months
)
select
  figures.store,
  figures.type,
  figures.weeks,
  cast(figures.average_cents as decimal(24, 0)) * 0.01 as avg_weekly_sales,
  case
    when real_sales.month_weeks > 0 and real_sales.amount > 0
      then round(
        10000 * cast(real_sales.month_amount * real_sales.weeks as double)
        / cast(real_sales.amount * real_sales.month_weeks as double)
      ) / 100
  end as month_index,
  cast(figures.visit_tenths as decimal(24, 0)) * 0.1 as avg_weekly_visits,
  figures.basis
from figures
left join real_sales on real_sales.store = figures.store
order by figures.store
