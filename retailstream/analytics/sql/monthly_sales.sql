-- Monthly sales
-- bar: avg_weekly_sales
-- place: 50
-- question: How much does each department sell in each month?
-- reads: sales
-- method: The sales of each department in the weeks that end in the month, and their share of all departments' sales.
-- headline (highest total_sales): The biggest month of any department is {month}, department {dept}[ (tied with
--   {tied})]: {total_sales:money} in {weeks:weeks}[, {share_pct:percent} of all sales of that month].
-- empty: There are no sales.
with month_departments as (
  select
    year(date) as year,
    month(date) as month_number,
    min(date) as first_date,
    dept,
    count(distinct store) as stores,
    count(distinct date) as weeks,
    cast(sum(weekly_sales) * 100 as bigint) as cents
  from sales
  group by year(date), month(date), dept
),
-- Whole cents, half away from zero: n/d is (2n ± d) // 2d, and no double comes in between.
figures as (
  select
    strftime(first_date, '%Y-%m') as month,
    dept,
    stores,
    weeks,
    cents,
    (2 * cents + case when cents < 0 then -weeks else weeks end) // (2 * weeks) as average_cents,
    sum(cents) over (partition by year, month_number) as month_cents
  from month_departments
)
select
  month,
  dept,
  stores,
  weeks,
  cast(cents as decimal(24, 0)) * 0.01 as total_sales,
  cast(average_cents as decimal(24, 0)) * 0.01 as avg_weekly_sales,
  case when month_cents > 0 then round(10000 * cast(cents as double) / month_cents) / 100 end as share_pct
from figures
order by month, dept
