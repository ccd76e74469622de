//! The same numbers from another hand: SciPy 1.17.1, with the command that made each.

use statrs::distribution::{Discrete, Poisson};

use super::*;

fn near(found: f64, wanted: f64) -> bool {
    (found - wanted).abs() <= 0.000_051
}

#[test]
fn exact_intervals_agree_with_scipy() {
    // from scipy.stats import gamma; gamma.ppf(.025, x), gamma.ppf(.975, x + 1)
    for (count, lower, upper) in [
        (3, 0.618_672, 8.767_273),
        (12, 6.200_575, 20.961_585),
        (37, 26.051_415, 50.999_626),
        (60, 45.786_321, 77.231_893),
        (150, 126.956_161, 176.017_166),
    ] {
        let found = poisson_interval(count, 0.95);
        assert!(near(found.lower, lower) && near(found.upper, upper), "{count}: {found:?}");
    }
}

#[test]
fn exact_ratios_agree_with_scipy() {
    // from scipy.stats import beta; l, u = beta.ppf(t, x1, x2 + 1), beta.ppf(1 - t, x1 + 1, x2), t = .005 (.025 in the last row);
    // l / (1 - l) * e2 / e1, u / (1 - u) * e2 / e1
    for (x1, e1, x2, e2, confidence, lower, upper) in [
        (37, 12772.0, 22, 13365.0, 0.99, 0.861_547, 3.745_834),
        (60, 12772.0, 22, 13365.0, 0.99, 1.496_649, 5.798_290),
        (9, 12772.0, 3, 13365.0, 0.99, 0.550_631, 33.446_581),
        (5, 12772.0, 0, 13365.0, 0.99, 0.555_017, f64::INFINITY),
        (0, 12772.0, 4, 13365.0, 0.99, 0.0, 2.888_777),
        (14, 540.0, 31, 612.0, 0.95, 0.251_582, 0.990_967),
    ] {
        let found = rate_ratio(x1, e1, x2, e2, confidence).unwrap().interval;
        let is_upper = if upper.is_infinite() { found.upper.is_infinite() } else { near(found.upper, upper) };
        assert!(near(found.lower, lower) && is_upper, "{x1} {x2}: {found:?}");
    }
    // from scipy.stats import binom; p0 = 540 / 1152; 2 * min(binom.cdf(14, 45, p0), binom.sf(13, 45, p0))
    assert!(near(rate_ratio(14, 540.0, 31, 612.0, 0.95).unwrap().p, 0.046_581));
}

#[test]
fn wilson_agrees_with_scipy() {
    // from scipy.stats import binomtest; binomtest(k, n).proportion_ci(method="wilson")
    for (k, n, lower, upper) in [(3, 24, 0.043_443, 0.310_039), (0, 24, 0.0, 0.137_976), (17, 40, 0.285_094, 0.578_049)] {
        let found = wilson(k, n, 0.95).unwrap();
        assert!(near(found.lower, lower) && near(found.upper, upper), "{k} of {n}: {found:?}");
    }
}

#[test]
fn poisson_quantiles_agree_with_scipy() {
    // from scipy.stats import poisson; [poisson.ppf(p, mean) for p in (.001, .025, .975, .999)]
    for (mean, wanted) in [(0.4, [0, 0, 2, 3]), (9.8, [2, 4, 16, 21]), (19.9, [8, 12, 29, 35]), (30.0, [15, 20, 41, 48])] {
        assert_eq!([0.001, 0.025, 0.975, 0.999].map(|p| poisson_quantile(p, mean)), wanted, "{mean}");
    }
}

/// Pupils, pupil-days, and a second phase for some: the twelve schools of the worked funnel.
const TWELVE: [(f64, f64, usize); 12] = [
    (412.0, 37.0, 0),
    (380.0, 21.0, 0),
    (205.0, 14.0, 0),
    (610.0, 66.0, 1),
    (180.0, 8.0, 0),
    (455.0, 30.0, 1),
    (520.0, 52.0, 1),
    (340.0, 15.0, 0),
    (590.0, 71.0, 1),
    (150.0, 11.0, 0),
    (700.0, 38.0, 1),
    (298.0, 20.0, 0),
];

fn twelve(with_phases: bool) -> Funnel {
    let table = |value: fn(&(f64, f64, usize)) -> f64| -> Vec<Vec<f64>> {
        let phase = |school: &(f64, f64, usize)| if with_phases { school.2 } else { 0 };
        TWELVE.iter().map(|school| (0..2).map(|at| if phase(school) == at { value(school) } else { 0.0 }).collect()).collect()
    };
    let expected = indirectly_standardised(&table(|school| school.1), &table(|school| school.0 * 35.0));
    let schools: Vec<FunnelSchool> =
        TWELVE.iter().zip(expected).map(|(school, expected)| FunnelSchool { observed: school.1, expected }).collect();
    funnel(&schools)
}

#[test]
fn every_school_of_the_worked_funnel() {
    // With E, O as above: z = (sqrt(O/E) - 1) * 2 * sqrt(E), clipped to the 2nd smallest and largest of 12; phi = mean(z**2);
    // w = 4E; tau2 = max(0, (12 * phi - 11) / (sum(w) - sum(w**2) / sum(w))); s = sqrt(1 / (4E) + tau2); (sqrt(O/E) - 1) / s and
    // max(0, 1 -/+ norm.ppf(.975 or .999) * s)**2, by Python 3 and scipy.stats.norm.
    let found = twelve(false);
    assert!((found.tau2 - 0.018_196_5).abs() < 5e-8 && near(found.phi, 3.011_358), "{} {}", found.tau2, found.phi);
    let wanted = [
        (1.1349, 0.7458, 0.4061, 0.4689, 1.7298, 0.2530, 2.2410),
        (0.6984, -1.8021, -1.0092, 0.4636, 1.7401, 0.2469, 2.2595),
        (0.8630, -0.5720, -0.3874, 0.4105, 1.8477, 0.1879, 2.4540),
        (1.3673, 2.3527, 1.1074, 0.4905, 1.6891, 0.2783, 2.1682),
        (0.5616, -1.8913, -1.3253, 0.3962, 1.8785, 0.1728, 2.5099),
        (0.8332, -1.0464, -0.5499, 0.4750, 1.7181, 0.2601, 2.2200),
        (1.2637, 1.5927, 0.7969, 0.4825, 1.7039, 0.2689, 2.1947),
        (0.5575, -2.6280, -1.5279, 0.4557, 1.7555, 0.2378, 2.2872),
        (1.5207, 3.1866, 1.5194, 0.4889, 1.6920, 0.2764, 2.1734),
        (0.9267, -0.2573, -0.1884, 0.3741, 1.9275, 0.1503, 2.5995),
        (0.6860, -2.5564, -1.1396, 0.4965, 1.6780, 0.2855, 2.1482),
        (0.8481, -0.7679, -0.4659, 0.4454, 1.7758, 0.2262, 2.3238),
    ];
    for (place, (ratio, z, adjusted, low95, high95, low998, high998)) in found.places.iter().zip(wanted) {
        let place = place.unwrap();
        let all = [
            (place.ratio, ratio),
            (place.z, z),
            (place.adjusted_z, adjusted),
            (place.limits95.lower, low95),
            (place.limits95.upper, high95),
            (place.limits998.lower, low998),
            (place.limits998.upper, high998),
        ];
        assert!(all.iter().all(|(found, wanted)| near(*found, *wanted)), "{place:?}");
    }
}

#[test]
fn a_phase_is_measured_by_its_own_rate() {
    // The same formulae, with E = pupils * 35 * (the phase's total / the phase's exposure).
    let found = twelve(true);
    assert!((found.tau2 - 0.007_338_2).abs() < 5e-8 && near(found.phi, 1.751_224), "{} {}", found.tau2, found.phi);
    for (school, ratio, z, adjusted) in [(0, 1.4005, 1.8858, 1.4153), (8, 1.3462, 2.3277, 1.4582), (9, 1.1437, 0.4306, 0.3802)] {
        let place = found.places[school].unwrap();
        assert!(near(place.ratio, ratio) && near(place.z, z) && near(place.adjusted_z, adjusted), "{school}: {place:?}");
    }
}

/// Mean weeks until the sum is over `limit`, where weeks hold `mean` on average: by the chain of sums that [`cusum`] itself makes.
fn weeks_to_signal(limit: usize, reference: f64, mean: f64) -> f64 {
    let weeks = Poisson::new(mean).unwrap();
    let states = limit + 1;
    // (I - Q) t = 1, solved by elimination.
    let mut rows = vec![vec![0.0; states + 1]; states];
    for (state, row) in rows.iter_mut().enumerate() {
        row[state] = 1.0;
        row[states] = 1.0;
        for count in 0..200u64 {
            // A first week of state + reference brings the sum to the state.
            let next = cusum(&[state as f64 + reference, count as f64], reference)[1].round() as usize;
            if next < states {
                row[next] -= weeks.pmf(count);
            }
        }
    }
    for at in 0..states {
        let pivot = rows[at].clone();
        for (other, row) in rows.iter_mut().enumerate().filter(|(other, _)| *other != at) {
            let times = row[at] / pivot[at];
            row.iter_mut().zip(&pivot).for_each(|(cell, with)| *cell -= times * with);
            assert!(other < states);
        }
    }
    rows[0][states] / rows[0][0]
}

#[test]
fn how_often_a_signal_is_false() {
    // numpy.linalg.solve(numpy.eye(h + 1) - Q, ones)[0], Q[i, j] = poisson.pmf(j - i + 5, mean), Q[i, 0] = poisson.cdf(5 - i, mean)
    for (limit, false_signal, true_signal) in [(5, 67.33, 5.82), (6, 108.26, 6.78), (7, 171.78, 7.76), (8, 270.01, 8.74)] {
        let found = (weeks_to_signal(limit, 5.0, 4.0), weeks_to_signal(limit, 5.0, 6.0));
        assert!((found.0 - false_signal).abs() < 0.005 && (found.1 - true_signal).abs() < 0.005, "{limit}: {found:?}");
    }
}
