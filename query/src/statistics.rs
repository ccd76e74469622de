//! Exact statistics of counts, shares and schools, as plain functions on values: intervals, ratios, funnel limits, unusual weeks.
//!
//! Every function is pinned to worked numbers in its tests. Counts of people are small, so nothing here leans on a normal curve
//! where an exact answer exists.

use statrs::distribution::{Beta, Binomial, ContinuousCDF, DiscreteCDF, Gamma, Poisson};

/// A lower and an upper limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower limit.
    pub lower: f64,
    /// Upper limit; may be infinite.
    pub upper: f64,
}

/// The value below which a share `p` of a continuous distribution lies. The library's own inversion stops at about 1e-5; halving goes on
/// until the two ends meet.
fn quantile(distribution: &impl ContinuousCDF<f64, f64>, p: f64, mut high: f64) -> f64 {
    let mut low = 0.0_f64;
    while high < 1e12 && distribution.cdf(high) < p {
        high *= 2.0;
    }
    for _ in 0..200 {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            break;
        }
        if distribution.cdf(middle) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
    low + (high - low) / 2.0
}

fn gamma_quantile(p: f64, shape: f64) -> f64 {
    Gamma::new(shape, 1.0).map_or(f64::NAN, |gamma| quantile(&gamma, p, shape + 10.0))
}

fn beta_quantile(p: f64, a: f64, b: f64) -> f64 {
    // All of a Beta lies below 1, so the doubling above never runs.
    Beta::new(a, b).map_or(f64::NAN, |beta| quantile(&beta, p, 1.0))
}

/// `100 * count / (pupils * school_days) * 5`: in every 100 pupils, in a school week. None without exposure.
pub fn rate_per_100_week(count: f64, pupils: f64, school_days: f64) -> Option<f64> {
    let exposure = pupils * school_days;
    (exposure > 0.0).then(|| 100.0 * count / exposure * 5.0)
}

/// Exact (Garwood) interval of a Poisson count, for example at 0.95.
pub fn poisson_interval(count: u64, confidence: f64) -> Interval {
    let tail = (1.0 - confidence) / 2.0;
    let lower = if count == 0 { 0.0 } else { gamma_quantile(tail, count as f64) };
    Interval { lower, upper: gamma_quantile(1.0 - tail, count as f64 + 1.0) }
}

/// Two rates compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateRatio {
    /// First rate divided by the second; infinite where the second count is 0, not a number where both are.
    pub ratio: f64,
    /// Exact interval of it.
    pub interval: Interval,
    /// Two-sided p-value: twice the smaller tail, at most 1.
    pub p: f64,
}

/// Exact ratio of two rates: given their sum, the first count is binomial. None without exposure on either side.
pub fn rate_ratio(count1: u64, exposure1: f64, count2: u64, exposure2: f64, confidence: f64) -> Option<RateRatio> {
    if !(exposure1 > 0.0 && exposure2 > 0.0) {
        return None;
    }
    let tail = (1.0 - confidence) / 2.0;
    let (x1, x2) = (count1 as f64, count2 as f64);
    let limit = |p: f64| p / (1.0 - p) * exposure2 / exposure1;
    let lower = if count1 == 0 { 0.0 } else { limit(beta_quantile(tail, x1, x2 + 1.0)) };
    let upper = if count2 == 0 { f64::INFINITY } else { limit(beta_quantile(1.0 - tail, x1 + 1.0, x2)) };
    let share = exposure1 / (exposure1 + exposure2);
    let binomial = Binomial::new(share, count1 + count2).ok()?;
    let at_most = binomial.cdf(count1);
    let at_least = if count1 == 0 { 1.0 } else { binomial.sf(count1 - 1) };
    let p = (2.0 * at_most.min(at_least)).min(1.0);
    Some(RateRatio { ratio: (x1 / exposure1) / (x2 / exposure2), interval: Interval { lower, upper }, p })
}

/// Wilson's interval of a share. None of nothing.
pub fn wilson(successes: u64, of: u64, confidence: f64) -> Option<Interval> {
    if of == 0 || successes > of {
        return None;
    }
    let z = normal_quantile(1.0 - (1.0 - confidence) / 2.0);
    let (n, share) = (of as f64, successes as f64 / of as f64);
    let middle = share + z * z / (2.0 * n);
    let half = z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z * z / n;
    Some(Interval { lower: ((middle - half) / scale).max(0.0), upper: ((middle + half) / scale).min(1.0) })
}

fn normal_quantile(p: f64) -> f64 {
    statrs::distribution::Normal::new(0.0, 1.0).map_or(f64::NAN, |normal| {
        // From the library's start, two Newton steps: exact to the last digits that are printed anywhere.
        use statrs::distribution::Continuous;
        let mut z = normal.inverse_cdf(p);
        for _ in 0..2 {
            z -= (normal.cdf(z) - p) / normal.pdf(z);
        }
        z
    })
}

/// 95 % limits of a funnel, in standard deviations.
pub const Q95: f64 = 1.959964;
/// 99.8 % limits.
pub const Q998: f64 = 3.090232;
/// Schools below which no overdispersion can be estimated.
pub const FUNNEL_SCHOOLS: usize = 10;

/// One school of a funnel: what was seen and what its phases' rates would lead one to expect.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FunnelSchool {
    /// Observed.
    pub observed: f64,
    /// Expected by indirect standardisation.
    pub expected: f64,
}

/// A school's place in the funnel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FunnelPlace {
    /// Observed / expected.
    pub ratio: f64,
    /// Distance from 1 in standard deviations, as if counts alone varied.
    pub z: f64,
    /// The same with the variation between schools allowed for.
    pub adjusted_z: f64,
    /// 95 % limits on observed / expected.
    pub limits95: Interval,
    /// 99.8 % limits.
    pub limits998: Interval,
}

/// A funnel.
#[derive(Debug, Clone, PartialEq)]
pub struct Funnel {
    /// Variance between schools beyond chance, on the square-root scale.
    pub tau2: f64,
    /// Overdispersion before it.
    pub phi: f64,
    /// Fewer than ten schools: no variation between schools can be told, so limits are too narrow and a funnel should not be drawn.
    pub too_few_schools: bool,
    /// One a school, in the order given; none where nothing was expected.
    pub places: Vec<Option<FunnelPlace>>,
}

/// Expected counts: for each school the sum over phases of its own exposure times the all-school rate of that phase.
/// `exposure[school][phase]`, `observed[school][phase]`.
pub fn indirectly_standardised(observed: &[Vec<f64>], exposure: &[Vec<f64>]) -> Vec<f64> {
    let phases = exposure.iter().map(Vec::len).max().unwrap_or(0);
    let of_phase = |table: &[Vec<f64>], phase: usize| table.iter().filter_map(|school| school.get(phase)).sum::<f64>();
    let rates: Vec<f64> = (0..phases)
        .map(|phase| {
            let all = of_phase(exposure, phase);
            if all > 0.0 { of_phase(observed, phase) / all } else { 0.0 }
        })
        .collect();
    exposure.iter().map(|school| school.iter().zip(&rates).map(|(own, rate)| own * rate).sum()).collect()
}

/// Spiegelhalter's funnel on the square root of observed / expected, with the variation between schools allowed for.
pub fn funnel(schools: &[FunnelSchool]) -> Funnel {
    let spread = |expected: f64| 1.0 / (2.0 * expected.sqrt());
    let usable: Vec<&FunnelSchool> = schools.iter().filter(|school| school.expected > 0.0).collect();
    let z_of = |school: &FunnelSchool| ((school.observed / school.expected).sqrt() - 1.0) / spread(school.expected);
    let n = usable.len();
    let mut sorted: Vec<f64> = usable.iter().map(|school| z_of(school)).collect();
    sorted.sort_by(f64::total_cmp);
    // A tenth of the schools at each end is drawn in, so that one outlier does not hide itself by widening the limits.
    let clip = n / 10;
    let (low, high) = match (sorted.get(clip), n.checked_sub(clip + 1).and_then(|at| sorted.get(at))) {
        (Some(low), Some(high)) => (*low, *high),
        _ => (0.0, 0.0),
    };
    let phi = if n == 0 { 0.0 } else { sorted.iter().map(|z| z.clamp(low, high).powi(2)).sum::<f64>() / n as f64 };
    let weights: Vec<f64> = usable.iter().map(|school| spread(school.expected).powi(-2)).collect();
    let (sum, sum_of_squares) = (weights.iter().sum::<f64>(), weights.iter().map(|w| w * w).sum::<f64>());
    let too_few_schools = n < FUNNEL_SCHOOLS;
    let room = sum - sum_of_squares / sum;
    let tau2 =
        if too_few_schools || room.is_nan() || room <= 0.0 { 0.0 } else { ((n as f64 * phi - (n as f64 - 1.0)) / room).max(0.0) };
    let places = schools
        .iter()
        .map(|school| {
            (school.expected > 0.0).then(|| {
                let ratio = school.observed / school.expected;
                let total = (spread(school.expected).powi(2) + tau2).sqrt();
                let (limits95, limits998) = funnel_limits(school.expected, tau2);
                FunnelPlace { ratio, z: z_of(school), adjusted_z: (ratio.sqrt() - 1.0) / total, limits95, limits998 }
            })
        })
        .collect();
    Funnel { tau2, phi, too_few_schools, places }
}

/// The 95 % and 99.8 % limits on observed / expected of a school with this expectation, in a funnel with this variance between schools.
pub fn funnel_limits(expected: f64, tau2: f64) -> (Interval, Interval) {
    let total = (0.25 / expected + tau2).sqrt();
    let limits = |q: f64, tails: (f64, f64)| {
        if tau2 == 0.0 && expected < SMALL_EXPECTED {
            // The square root is a poor guide for few events; without variation between schools the count is Poisson.
            Interval {
                lower: poisson_quantile(tails.0, expected) as f64 / expected,
                upper: poisson_quantile(tails.1, expected) as f64 / expected,
            }
        } else {
            Interval { lower: (1.0 - q * total).max(0.0).powi(2), upper: (1.0 + q * total).powi(2) }
        }
    };
    (limits(Q95, (0.025, 0.975)), limits(Q998, (0.001, 0.999)))
}

/// Expected counts under which exact limits are used.
const SMALL_EXPECTED: f64 = 20.0;

/// The smallest count that a Poisson variable of this mean stays at or below with probability `p`.
pub fn poisson_quantile(p: f64, mean: f64) -> u64 {
    let Ok(poisson) = Poisson::new(mean) else { return 0 };
    let mut count = 0;
    // Means here are weekly or half-term counts of one school; the walk ends within some hundreds.
    while poisson.cdf(count) < p && count < 100_000 {
        count += 1;
    }
    count
}

/// The reference value of a CUSUM that looks for `ratio` times the usual count `usual`: `(L1 - L0) / (ln L1 - ln L0)`.
pub fn cusum_reference(usual: f64, ratio: f64) -> f64 {
    (usual * ratio - usual) / ratio.ln()
}

/// Weeks over this are a signal, in the integer form. About one false signal a theme in 172 weeks at 4 a week.
pub const CUSUM_LIMIT: f64 = 7.0;

/// CUSUM of weekly counts with a fixed reference: the sum after each week.
pub fn cusum(weeks: &[f64], reference: f64) -> Vec<f64> {
    let mut sum = 0.0_f64;
    weeks
        .iter()
        .map(|count| {
            sum = (sum + count - reference).max(0.0);
            sum
        })
        .collect()
}

/// CUSUM of weekly counts whose expected value changes from week to week (short weeks): the sum after each week.
pub fn cusum_of_expected(weeks: &[(f64, f64)], ratio: f64) -> Vec<f64> {
    let mut sum = 0.0_f64;
    weeks
        .iter()
        .map(|(count, expected)| {
            sum = (sum + count * ratio.ln() - (ratio - 1.0) * expected).max(0.0);
            sum
        })
        .collect()
}

#[cfg(test)]
#[path = "statistics_tests.rs"]
mod reference;

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, wanted: f64) -> bool {
        // The wanted values are given to four decimals.
        (found - wanted).abs() <= 0.000_051 || (found.is_infinite() && wanted.is_infinite())
    }

    #[test]
    fn rates() {
        assert!(near(rate_per_100_week(37.0, 412.0, 31.0).unwrap(), 1.4485));
        assert!(near(rate_per_100_week(22.0, 405.0, 33.0).unwrap(), 0.8230));
        assert_eq!(rate_per_100_week(1.0, 412.0, 0.0), None);
    }

    #[test]
    fn exact_intervals_of_counts() {
        for (count, lower, upper) in
            [(0, 0.0, 3.6889), (1, 0.0253, 5.5716), (5, 1.6235, 11.6683), (22, 13.7873, 33.3083), (37, 26.0514, 50.9996)]
        {
            let found = poisson_interval(count, 0.95);
            assert!(near(found.lower, lower) && near(found.upper, upper), "{count}: {found:?}");
        }
        let of37 = poisson_interval(37, 0.95);
        assert!(near(rate_per_100_week(of37.lower, 412.0, 31.0).unwrap(), 1.0199));
        assert!(near(rate_per_100_week(of37.upper, 412.0, 31.0).unwrap(), 1.9965));
    }

    #[test]
    fn exact_rate_ratios() {
        for (x1, e1, x2, e2, ratio, lower, upper, p) in [
            (37, 12772.0, 22, 13365.0, 1.7599, 1.0113, 3.1319, 0.0452),
            (60, 12772.0, 22, 13365.0, 2.8539, 1.7251, 4.8861, 0.0000),
            (9, 12772.0, 3, 13365.0, 3.1393, 0.7834, 18.0279, 0.1253),
            (5, 12772.0, 0, 13365.0, f64::INFINITY, 0.9589, f64::INFINITY, 0.0557),
            (0, 12772.0, 4, 13365.0, 0.0, 0.0, 1.5852, 0.1367),
        ] {
            let found = rate_ratio(x1, e1, x2, e2, 0.95).unwrap();
            assert!(
                near(found.ratio, ratio)
                    && near(found.interval.lower, lower)
                    && near(found.interval.upper, upper)
                    && near(found.p, p),
                "{x1} {x2}: {found:?}"
            );
        }
        assert_eq!(rate_ratio(1, 0.0, 1, 10.0, 0.95), None);
        assert!(near(rate_ratio(0, 10.0, 0, 10.0, 0.95).unwrap().p, 1.0));
    }

    #[test]
    fn wilson_shares() {
        let found = wilson(3, 24, 0.95).unwrap();
        assert!(near(found.lower, 0.0434) && near(found.upper, 0.3100), "{found:?}");
        let found = wilson(0, 24, 0.95).unwrap();
        assert!(near(found.lower, 0.0) && near(found.upper, 0.1380), "{found:?}");
        assert_eq!(wilson(0, 0, 0.95), None);
    }

    const PUPILS: [(f64, f64); 12] = [
        (412.0, 37.0),
        (380.0, 21.0),
        (205.0, 14.0),
        (610.0, 66.0),
        (180.0, 8.0),
        (455.0, 30.0),
        (520.0, 52.0),
        (340.0, 15.0),
        (590.0, 71.0),
        (150.0, 11.0),
        (700.0, 38.0),
        (298.0, 20.0),
    ];

    fn twelve_schools() -> Vec<FunnelSchool> {
        let observed: Vec<Vec<f64>> = PUPILS.iter().map(|(_, x)| vec![*x]).collect();
        let exposure: Vec<Vec<f64>> = PUPILS.iter().map(|(pupils, _)| vec![pupils * 35.0]).collect();
        let expected = indirectly_standardised(&observed, &exposure);
        PUPILS.iter().zip(expected).map(|((_, observed), expected)| FunnelSchool { observed: *observed, expected }).collect()
    }

    #[test]
    fn a_funnel_allows_for_variation_between_schools() {
        let schools = twelve_schools();
        let found = funnel(&schools);
        assert!((found.tau2 - 0.018_196).abs() < 0.000_000_6, "{}", found.tau2);
        assert!(near(found.phi, 3.0114), "{}", found.phi);
        for (school, expected, ratio, z, adjusted, limits95, limits998) in [
            (0, 32.6025, 1.1349, 0.7458, 0.4061, (0.4689, 1.7298), (0.2530, 2.2410)),
            (7, 26.9050, 0.5575, -2.6280, -1.5279, (0.4557, 1.7555), (0.2378, 2.2872)),
            (8, 46.6880, 1.5207, 3.1866, 1.5194, (0.4889, 1.6920), (0.2764, 2.1734)),
        ] {
            let place = found.places[school].unwrap();
            assert!(near(schools[school].expected, expected) && near(place.ratio, ratio), "{school}: {place:?}");
            assert!(near(place.z, z) && near(place.adjusted_z, adjusted), "{school}: {place:?}");
            assert!(near(place.limits95.lower, limits95.0) && near(place.limits95.upper, limits95.1), "{school}: {place:?}");
            assert!(near(place.limits998.lower, limits998.0) && near(place.limits998.upper, limits998.1), "{school}: {place:?}");
        }
    }

    #[test]
    fn few_schools_give_narrow_limits_and_say_so() {
        // Without variation between schools the 590-pupil school lies beyond 99.8 %: 0.5989 to 1.5034.
        let schools = twelve_schools();
        let found = funnel(&schools[6..9]);
        assert!(found.too_few_schools && found.tau2 == 0.0);
        let place = found.places[2].unwrap();
        assert!(near(place.limits998.lower, 0.5989) && near(place.limits998.upper, 1.5034), "{place:?}");
        assert_eq!(funnel(&[FunnelSchool { observed: 0.0, expected: 0.0 }]).places, [None]);
    }

    #[test]
    fn poisson_limits_of_small_expectations() {
        for (mean, wanted) in [(9.8, [2, 4, 16, 21]), (30.0, [15, 20, 41, 48]), (2.0, [0, 0, 5, 8])] {
            let found = [0.001, 0.025, 0.975, 0.999].map(|p| poisson_quantile(p, mean));
            assert_eq!(found, wanted, "{mean}");
        }
        let place = funnel(&[FunnelSchool { observed: 5.0, expected: 9.8 }]).places[0].unwrap();
        assert!(near(place.limits95.lower, 4.0 / 9.8) && near(place.limits998.upper, 21.0 / 9.8));
    }

    #[test]
    #[expect(clippy::approx_constant, reason = "a worked value that happens to be log2 e")]
    fn cusum_in_both_forms() {
        for (usual, ratio, wanted) in [(4.0, 1.5, 4.9326), (2.0, 2.0, 2.8854), (1.0, 2.0, 1.4427)] {
            assert!(near(cusum_reference(usual, ratio), wanted));
        }
        let weeks = [3.0, 5.0, 4.0, 6.0, 8.0, 7.0, 9.0, 10.0];
        assert_eq!(cusum(&weeks, 5.0), [0.0, 0.0, 0.0, 1.0, 4.0, 6.0, 10.0, 15.0]);
        let expected = [4.0, 4.0, 3.2, 4.0, 4.0, 4.0, 2.4, 4.0];
        let pairs: Vec<(f64, f64)> = weeks.into_iter().zip(expected).collect();
        for (found, wanted) in
            cusum_of_expected(&pairs, 1.5).into_iter().zip([0.0, 0.0273, 0.0492, 0.4820, 1.7257, 2.5640, 5.0131, 7.0678])
        {
            assert!(near(found, wanted), "{found} {wanted}");
        }
    }
}
