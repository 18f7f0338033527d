-- Weekly top stores
-- bar: total_sales
-- place: 60
-- question: Which stores sell most in each week?
-- reads: sales
-- method: The sales of all departments of a store in one week, ranked within that week.
-- parameter: top integer = 3 at least 1 | how many ranks of each week to show
-- headline (highest date, lowest rank): In the week to {date}, the last one, store {store}[ (type {type})][, tied with
--   {tied},] sold most: {total_sales:money}[, {share_pct:percent} of the chain][, {sales_per_size:money} per unit of size].
-- empty: There are no sales.
with store_weeks as (
  select
    store,
    date,
    cast(sum(weekly_sales) * 100 as bigint) as cents
  from sales
  group by store, date
),
ranked as (
  select
    store,
    date,
    cents,
    sum(cents) over (partition by date) as chain_cents,
    rank() over (partition by date order by cents desc) as rank
  from store_weeks
)
-- A size is in whole units: $ / size to 4 digits is (200 cents ± size) // 2 size, and no double comes in between.
select
  ranked.date,
  ranked.rank,
  ranked.store,
  stores.type,
  stores.size,
  cast(ranked.cents as decimal(24, 0)) * 0.01 as total_sales,
  case
    when ranked.chain_cents > 0 then round(10000 * cast(ranked.cents as double) / ranked.chain_cents) / 100
  end as share_pct,
  cast(
    case
      when stores.size > 0
        then (200 * ranked.cents + case when ranked.cents < 0 then -stores.size else stores.size end)
          // (2 * cast(stores.size as bigint))
    end as decimal(24, 0)
  ) * 0.0001 as sales_per_size
from ranked
left join stores on stores.store = ranked.store
where ranked.rank <= $top
order by ranked.date, ranked.rank, ranked.store
