-- Fuel prices
-- place: 80
-- question: At which stores is fuel cheapest in each week?
-- reads: features, features.fuel_price
-- method: The lowest price of each week among all stores, with every store that has it; the weeks after the last sales too.
-- headline (highest date): In the week to {date}, the last one, fuel is cheapest at store {store}[ (type {type})][, tied
--   with {tied}]: {fuel_price:money}[, {below_avg_pct:percent} below the chain's average of {chain_avg_price:money}].
-- empty: No fuel price is known.
with prices as (
  select
    date,
    store,
    fuel_price,
    cast(fuel_price * 10000000000 as bigint) as units
  from features
  where fuel_price is not null
),
priced as (
  select
    date,
    store,
    fuel_price,
    units,
    min(units) over (partition by date) as lowest_units,
    sum(units) over (partition by date) as chain_units,
    count(*) over (partition by date) as chain_stores
  from prices
),
lowest as (
  select
    date,
    store,
    fuel_price,
    units * chain_stores as scaled_units,
    chain_units,
    chain_stores * 10000000 as divisor,
    count(*) over (partition by date) as tied_stores
  from priced
  where units = lowest_units
)
-- Prices are above zero; the average is in whole thousandths: n/d is (2n + d) // 2d, and no double comes in between.
select
  lowest.date,
  lowest.store,
  stores.type,
  round(lowest.fuel_price, 3) as fuel_price,
  lowest.tied_stores,
  cast((2 * lowest.chain_units + lowest.divisor) // (2 * lowest.divisor) as decimal(24, 0)) * 0.001 as chain_avg_price,
  round(10000 * cast(lowest.chain_units - lowest.scaled_units as double) / lowest.chain_units) / 100 as below_avg_pct
from lowest
left join stores on stores.store = lowest.store
order by lowest.date, lowest.store
