"""The analyses once more, in plain Python and exact fractions: what the SQL is held against.

Written from the specification alone, one function a use case, each returning rows in order.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import TYPE_CHECKING

from tests.analytics.chain import (
    YEAR,
    Chain,
    Row,
    Sale,
    Week,
    change,
    earlier,
    grouped,
    mean,
    money,
    percent,
    rank,
    rounded,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HOLIDAYS = {2: "Super Bowl", 9: "Labor Day", 11: "Thanksgiving", 12: "Christmas"}
HOLIDAY_ORDER = ["All holidays", *HOLIDAYS.values(), "Other holiday"]


def customer_visits(
    chain: Chain,
    type: str = "B",  # noqa: A002
    month: int = 4,
    basket: Decimal | None = None,
) -> Iterator[Row]:
    customers = grouped(((sale.store, sale.date), sale.customers) for sale in chain.sales)
    for store, weeks in sorted(grouped((week[0], week) for week in chain.weeks).items()):
        monthly = [week for week in weeks if week[1].month == month]
        if chain.type_of(store) != type or not monthly:
            continue
        average = mean([chain.weeks[week] for week in monthly])
        counts = [customers[week] for week in monthly]
        of_store = [chain.features[week].customers if week in chain.features else None for week in monthly]
        by_store = [count for count in of_store if count is not None]
        visits: Fraction | None = None
        if by_store == of_store:
            basis, visits = "measured-store", mean([Fraction(count) for count in by_store])
        elif any(count is not None for week in counts for count in week):
            basis = "measured"
            known = [[count for count in week if count is not None] for week in counts]
            if known == counts:
                visits = mean([Fraction(sum(week)) for week in known])
        elif by_store:
            basis = "measured-store"
        elif basket is not None:
            basis, visits = "basket", average / Fraction(basket)
        else:
            basis = "sales-proxy"
        yield (
            store,
            type,
            len(monthly),
            money(average),
            _month_index(chain, weeks, monthly),
            None if visits is None else rounded(visits, 1),
            basis,
        )


def _month_index(chain: Chain, weeks: list[Week], monthly: list[Week]) -> float | None:
    cpis = {week: feature.cpi for week, feature in chain.features.items() if feature.cpi is not None}
    usual = [chain.weeks[week] / cpis[week] for week in weeks if week in cpis]
    those = [chain.weeks[week] / cpis[week] for week in monthly if week in cpis]
    return percent(mean(those), mean(usual)) if those else None


def holiday_sales(chain: Chain) -> Iterator[Row]:
    stores: dict[tuple[str, int], list[Fraction]] = defaultdict(list)
    usual: dict[int, list[Fraction]] = defaultdict(list)
    for week, amount in chain.weeks.items():
        if week in chain.holidays:
            stores[HOLIDAYS.get(week[1].month, "Other holiday"), week[0]].append(amount)
            stores["All holidays", week[0]].append(amount)
        else:
            usual[week[0]].append(amount)
    figures = {key: money(mean(amounts)) for key, amounts in stores.items()}
    rows = []
    for (holiday, store), amounts in stores.items():
        others = [figure for (other, _), figure in figures.items() if other == holiday]
        figure = figures[holiday, store]
        lift = change(mean(amounts), mean(usual[store])) if usual[store] else None
        rows.append((holiday, store, chain.type_of(store), len(amounts), figure, lift, rank(figure, others)))
    yield from sorted(rows, key=lambda row: (HOLIDAY_ORDER.index(row[0]), row[6], row[1]))


def leap_year_sales(chain: Chain) -> Iterator[Row]:
    years = grouped(((week[1].year, week[0]), week) for week in chain.weeks if _is_leap(week[1].year))
    figures = {key: money(mean([chain.weeks[week] for week in weeks])) for key, weeks in years.items()}
    rows = []
    for (year, store), weeks in years.items():
        total = money(sum((chain.weeks[week] for week in weeks), Fraction()))
        figure = figures[year, store]
        worst_first = rank(-figure, [-other for (other_year, _), other in figures.items() if other_year == year])
        rows.append((year, store, chain.type_of(store), len(weeks), total, figure, chain.growth(weeks), worst_first))
    yield from sorted(rows, key=lambda row: (row[0], row[7], row[1]))


def _is_leap(year: int) -> bool:
    return (date(year, 3, 1) - timedelta(days=1)).day == 29


def monthly_sales(chain: Chain) -> Iterator[Row]:
    months = grouped(((sale.date.isoformat()[:7], sale.dept), sale) for sale in chain.sales)
    totals = {key: sum((sale.amount for sale in sales), Decimal()) for key, sales in months.items()}
    chain_totals: dict[str, Decimal] = defaultdict(Decimal)
    for (month, _), total_of_dept in totals.items():
        chain_totals[month] += total_of_dept
    for (month, dept), sales in sorted(months.items()):
        total = Fraction(totals[month, dept])
        weeks = len({sale.date for sale in sales})
        stores = len({sale.store for sale in sales})
        share = percent(total, Fraction(chain_totals[month]))
        yield month, dept, stores, weeks, money(total), money(total / weeks), share


def weekly_top_stores(chain: Chain, top: int = 3) -> Iterator[Row]:
    for day, weeks in sorted(grouped((week[1], week) for week in chain.weeks).items()):
        amounts = {week[0]: chain.weeks[week] for week in weeks}
        rows = []
        for store, amount in amounts.items():
            place = 1 + sum(other > amount for other in amounts.values())
            type_, size = chain.stores.get(store, (None, None))
            per_size = None if size is None else rounded(amount / size, 4)
            share = percent(amount, sum(amounts.values(), Fraction()))
            rows.append((day, place, store, type_, size, money(amount), share, per_size))
        yield from sorted((row for row in rows if row[1] <= top), key=lambda row: row[1:3])


def department_performance(chain: Chain) -> Iterator[Row]:
    rows = [_department(sales) for sales in grouped((sale.dept, sale) for sale in chain.sales).values()]
    chain_total = Fraction(sum((sale.amount for sale in chain.sales), Decimal()))
    amounts = {(sale.store, sale.dept, sale.date): sale.amount for sale in chain.sales}
    before = grouped(
        (dept, (amount, amounts[store, dept, day - YEAR]))
        for (store, dept, day), amount in amounts.items()
        if (store, dept, day - YEAR) in amounts
    )
    ranked = []
    for dept, stores, weeks, total, average, volatility, best, best_share in rows:
        pairs = before.get(dept, [])
        growth = change(Fraction(sum(now for now, _ in pairs)), Fraction(sum(then for _, then in pairs)))
        place = rank(money(total), [money(row[3]) for row in rows])
        share = percent(total, chain_total)
        ranked.append((place, dept, stores, weeks, money(total), share, average, volatility, growth, best, best_share))
    yield from sorted(ranked, key=lambda row: row[:2])


def _department(sales: list[Sale]) -> tuple[int, int, int, Fraction, Decimal, float | None, int, float | None]:
    weeks: dict[date, Decimal] = defaultdict(Decimal)
    stores: dict[int, Decimal] = defaultdict(Decimal)
    for sale in sales:
        weeks[sale.date] += sale.amount
        stores[sale.store] += sale.amount
    total = Fraction(sum(weeks.values(), Decimal()))
    best = min(stores, key=lambda store: (-stores[store], store))
    return (
        sales[0].dept,
        len(stores),
        len(weeks),
        total,
        money(total / len(weeks)),
        _volatility([Fraction(amount) for amount in weeks.values()]),
        best,
        percent(Fraction(stores[best]), total),
    )


def _volatility(amounts: list[Fraction]) -> float | None:
    average = mean(amounts)
    if len(amounts) < 2 or average <= 0:
        return None
    variance = mean([(amount - average) ** 2 for amount in amounts]) * len(amounts) / (len(amounts) - 1) / average**2
    with localcontext(prec=60):
        deviation = (Decimal(variance.numerator) / Decimal(variance.denominator)).sqrt()
    return percent(Fraction(deviation), 1)


def fuel_prices(chain: Chain) -> Iterator[Row]:
    prices = grouped(
        (day, (store, feature.price))
        for (store, day), feature in sorted(chain.features.items())
        if feature.price is not None
    )
    for day, pairs in sorted(prices.items()):
        lowest = min(price for _, price in pairs)
        average = mean([price for _, price in pairs])
        tied = [store for store, price in pairs if price == lowest]
        for store in tied:
            below = percent(average - lowest, average)
            yield day, store, chain.type_of(store), rounded(lowest, 3), len(tied), rounded(average, 3), below


def yearly_stores(chain: Chain) -> Iterator[Row]:
    years = grouped(((week[1].year, week[0]), week) for week in chain.weeks)
    totals = {key: sum((chain.weeks[week] for week in weeks), Fraction()) for key, weeks in years.items()}
    rows = []
    for (year, store), weeks in years.items():
        total = totals[year, store]
        place = rank(money(total), [money(other) for (other_year, _), other in totals.items() if other_year == year])
        average = money(total / len(weeks))
        rows.append((year, place, store, chain.type_of(store), len(weeks), money(total), average, chain.growth(weeks)))
    yield from sorted(rows, key=lambda row: row[:3])


def offers_impact(chain: Chain) -> Iterator[Row]:
    known = grouped((week[0], week) for week in chain.weeks if week in chain.features)
    for store, weeks in sorted(known.items()):
        offers = [week for week in weeks if chain.features[week].has_offers]
        without = [week for week in weeks if not chain.features[week].has_offers]
        averages = [mean([chain.weeks[week] for week in some]) if some else None for some in (offers, without)]
        seasons = [_season(chain, offers), _season(chain, without)]
        yield (
            store,
            chain.type_of(store),
            len(offers),
            len(without),
            *(None if average is None else money(average) for average in averages),
            None if averages[0] is None or averages[1] is None else change(averages[0], averages[1]),
            None if seasons[0] is None or seasons[1] is None else percent(seasons[0] - seasons[1], 1),
        )


def _season(chain: Chain, weeks: list[Week]) -> Fraction | None:
    pairs = [(chain.weeks[week], chain.weeks[earlier(week)]) for week in weeks if earlier(week) in chain.weeks]
    changes = [now / before - 1 for now, before in pairs if before > 0]
    return mean(changes) if changes else None


USE_CASES: dict[str, Callable[..., Iterator[Row]]] = {
    "customer-visits": customer_visits,
    "holiday-sales": holiday_sales,
    "leap-year-sales": leap_year_sales,
    "monthly-sales": monthly_sales,
    "weekly-top-stores": weekly_top_stores,
    "department-performance": department_performance,
    "fuel-prices": fuel_prices,
    "yearly-stores": yearly_stores,
    "offers-impact": offers_impact,
}
