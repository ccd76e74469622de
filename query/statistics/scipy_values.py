"""Writes scipy.csv: exact intervals, ratios, shares, quantiles and funnels, as SciPy has them.

    python3 -m venv venv && venv/bin/pip install scipy==1.17.1
    venv/bin/python scipy_values.py > scipy.csv

A line is what is computed, its arguments, and the values, with seven digits after the point.
"""

from math import inf, sqrt

from scipy.stats import beta, binom, binomtest, gamma, norm, poisson


def line(what, arguments, values):
    number = lambda value: "inf" if value == inf else f"{value:.7f}"
    print(f"{what},{' '.join(map(str, arguments))},{' '.join(map(number, values))}")


def ratio(x1, e1, x2, e2, confidence):
    tail = (1 - confidence) / 2
    limit = lambda p: p / (1 - p) * e2 / e1
    lower = 0 if x1 == 0 else limit(beta.ppf(tail, x1, x2 + 1))
    upper = inf if x2 == 0 else limit(beta.ppf(1 - tail, x1 + 1, x2))
    share = e1 / (e1 + e2)
    p = min(1, 2 * min(binom.cdf(x1, x1 + x2, share), binom.sf(x1 - 1, x1 + x2, share)))
    return lower, upper, p


# Pupils, pupil-days in 35 days, and the phase of each school.
SCHOOLS = [
    (412, 37, 0), (380, 21, 0), (205, 14, 0), (610, 66, 1), (180, 8, 0), (455, 30, 1),
    (520, 52, 1), (340, 15, 0), (590, 71, 1), (150, 11, 0), (700, 38, 1), (298, 20, 0),
]


def funnel(phases):
    of = lambda school: school[2] if phases == 2 else 0
    rates = []
    for phase in range(phases):
        own = [school for school in SCHOOLS if of(school) == phase]
        rates.append(sum(school[1] for school in own) / sum(school[0] * 35 for school in own))
    expected = [school[0] * 35 * rates[of(school)] for school in SCHOOLS]
    y = [sqrt(school[1] / e) for school, e in zip(SCHOOLS, expected)]
    z = [(y - 1) * 2 * sqrt(e) for y, e in zip(y, expected)]
    n, k, ordered = len(z), len(z) // 10, sorted(z)
    clipped = [min(max(z, ordered[k]), ordered[n - 1 - k]) for z in z]
    phi = sum(z * z for z in clipped) / n
    w = [4 * e for e in expected]
    tau2 = max(0, (n * phi - (n - 1)) / (sum(w) - sum(w * w for w in w) / sum(w)))
    line("funnel", [phases], [phi, tau2])
    for at, (y, e) in enumerate(zip(y, expected)):
        s = sqrt(1 / (4 * e) + tau2)
        limits = [max(0, 1 + sign * norm.ppf(p) * s) ** 2 for p in (0.975, 0.999) for sign in (-1, 1)]
        line("place", [phases, at], [y * y, (y - 1) * 2 * sqrt(e), (y - 1) / s, *limits])


for count in (0, 1, 3, 5, 12, 22, 37, 60, 150, 900):
    for confidence in (0.95, 0.99):
        tail = (1 - confidence) / 2
        line("poisson", [count, confidence], [0 if count == 0 else gamma.ppf(tail, count), gamma.ppf(1 - tail, count + 1)])
for x1, e1, x2, e2 in [
    (37, 12772, 22, 13365), (60, 12772, 22, 13365), (9, 12772, 3, 13365), (5, 12772, 0, 13365),
    (0, 12772, 4, 13365), (14, 540, 31, 612), (250, 90000, 211, 87000),
]:
    for confidence in (0.95, 0.99):
        line("ratio", [x1, e1, x2, e2, confidence], ratio(x1, e1, x2, e2, confidence))
for k, n in [(3, 24), (0, 24), (24, 24), (17, 40), (1, 1), (480, 1000)]:
    line("wilson", [k, n], binomtest(k, n).proportion_ci(method="wilson"))
for mean in (0.4, 2, 9.8, 19.9, 30, 140):
    line("quantiles", [mean], [poisson.ppf(p, mean) for p in (0.001, 0.025, 0.975, 0.999)])
funnel(1)
funnel(2)
