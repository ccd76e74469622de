//! The same numbers from another hand: SciPy's, in `query/statistics/scipy.csv`, beside the script and the command that made them.

use statrs::distribution::{Discrete, Poisson};

use super::*;

/// A line of the table: what was computed, of what, and what came of it.
struct Line {
    what: &'static str,
    arguments: Vec<f64>,
    values: Vec<f64>,
}

fn table(what: &str) -> Vec<Line> {
    let numbers = |text: &'static str| text.split(' ').map(|number| number.parse().unwrap()).collect();
    let lines = include_str!("../statistics/scipy.csv").lines().map(|line| {
        let [what, arguments, values] = line.split(',').collect::<Vec<_>>().try_into().unwrap();
        Line { what, arguments: numbers(arguments), values: numbers(values) }
    });
    let lines: Vec<Line> = lines.filter(|line| line.what == what).collect();
    assert!(!lines.is_empty(), "{what}");
    lines
}

impl Line {
    /// The numbers of ours, to a millionth of theirs.
    fn is(&self, found: &[f64]) {
        assert_eq!(found.len(), self.values.len(), "{} of {:?}", self.what, self.arguments);
        for (found, wanted) in found.iter().zip(&self.values) {
            let is_near = found == wanted || (found - wanted).abs() <= 2e-6 * wanted.abs().max(1.0);
            assert!(is_near, "{} of {:?}: {found}, and SciPy has {wanted}", self.what, self.arguments);
        }
    }
}

#[test]
fn exact_intervals_agree_with_scipy() {
    for line in table("poisson") {
        let found = poisson_interval(line.arguments[0] as u64, line.arguments[1]);
        line.is(&[found.lower, found.upper]);
    }
}

#[test]
fn exact_ratios_agree_with_scipy() {
    for line in table("ratio") {
        let [x1, e1, x2, e2, confidence] = line.arguments.as_slice().try_into().unwrap();
        let found = rate_ratio(x1 as u64, e1, x2 as u64, e2, confidence).unwrap();
        line.is(&[found.interval.lower, found.interval.upper, found.p]);
    }
}

#[test]
fn wilson_agrees_with_scipy() {
    for line in table("wilson") {
        let found = wilson(line.arguments[0] as u64, line.arguments[1] as u64, 0.95).unwrap();
        line.is(&[found.lower, found.upper]);
    }
}

#[test]
fn poisson_quantiles_agree_with_scipy() {
    for line in table("quantiles") {
        line.is(&[0.001, 0.025, 0.975, 0.999].map(|p| poisson_quantile(p, line.arguments[0]) as f64));
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

/// Of one phase, and of two, each measured by its own rate.
#[test]
fn every_school_of_the_worked_funnel_agrees_with_scipy() {
    for line in table("funnel") {
        let found = twelve(line.arguments[0] > 1.0);
        line.is(&[found.phi, found.tau2]);
    }
    let places = table("place");
    assert_eq!(places.len(), 24);
    for line in places {
        let place = twelve(line.arguments[0] > 1.0).places[line.arguments[1] as usize].unwrap();
        let (inner, outer) = (place.limits95, place.limits998);
        line.is(&[place.ratio, place.z, place.adjusted_z, inner.lower, inner.upper, outer.lower, outer.upper]);
    }
}

/// The field's own worked values, to the four digits it prints.
#[test]
fn the_worked_values_of_the_field_are_in_the_table() {
    let is_printed = |what: &str, arguments: &[f64], wanted: &[f64]| {
        let line = table(what).into_iter().find(|line| line.arguments == arguments).unwrap();
        for (value, wanted) in line.values.iter().zip(wanted) {
            assert!(value == wanted || (value - wanted).abs() <= 0.000_05, "{what} {arguments:?}: {value}, {wanted}");
        }
    };
    is_printed("poisson", &[5.0, 0.95], &[1.6235, 11.6683]);
    is_printed("poisson", &[37.0, 0.95], &[26.0514, 50.9996]);
    is_printed("ratio", &[37.0, 12772.0, 22.0, 13365.0, 0.95], &[1.0113, 3.1319, 0.0452]);
    is_printed("ratio", &[5.0, 12772.0, 0.0, 13365.0, 0.95], &[0.9589, f64::INFINITY, 0.0557]);
    is_printed("wilson", &[3.0, 24.0], &[0.0434, 0.3100]);
    is_printed("funnel", &[1.0], &[3.0114, 0.0182]);
    is_printed("place", &[1.0, 0.0], &[1.1349, 0.7458, 0.4061, 0.4689, 1.7298, 0.2530, 2.2410]);
    is_printed("place", &[1.0, 7.0], &[0.5575, -2.6280, -1.5279, 0.4557, 1.7555, 0.2378, 2.2872]);
    is_printed("place", &[1.0, 8.0], &[1.5207, 3.1866, 1.5194, 0.4889, 1.6920, 0.2764, 2.1734]);
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
