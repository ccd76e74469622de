//! How small and how large a number can be under equalities and bounds: exact, in fractions, for the test that tries to recover
//! hidden cells. It shares nothing with the audit it checks.

/// A fraction in lowest terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fraction(i128, i128);

fn common(mut a: i128, mut b: i128) -> i128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.abs().max(1)
}

impl Fraction {
    const ZERO: Fraction = Fraction(0, 1);

    pub(crate) fn whole(value: i128) -> Self {
        Fraction(value, 1)
    }

    fn of(top: i128, bottom: i128) -> Self {
        let by = common(top, bottom) * bottom.signum();
        Fraction(top / by, bottom / by)
    }

    fn minus(self, other: Self) -> Self {
        if self.1 == 1 && other.1 == 1 {
            Fraction(self.0 - other.0, 1)
        } else {
            Self::of(self.0 * other.1 - other.0 * self.1, self.1 * other.1)
        }
    }

    fn times(self, other: Self) -> Self {
        if self.1 == 1 && other.1 == 1 { Fraction(self.0 * other.0, 1) } else { Self::of(self.0 * other.0, self.1 * other.1) }
    }

    fn over(self, other: Self) -> Self {
        Self::of(self.0 * other.1, self.1 * other.0)
    }

    fn is_less(self, other: Self) -> bool {
        self.0 * other.1 < other.0 * self.1
    }

    pub(crate) fn ceiling(self) -> i128 {
        -(-self.0).div_euclid(self.1)
    }

    pub(crate) fn floor(self) -> i128 {
        self.0.div_euclid(self.1)
    }
}

/// A system of equalities over numbers that are not negative: sums of positions that equal a whole number.
#[derive(Debug, Clone, Default)]
pub(crate) struct System {
    pub(crate) numbers: usize,
    pub(crate) sums: Vec<(Vec<(usize, i128)>, i128)>,
}

/// A system brought to a first solution, to be asked about each number.
pub(crate) struct Solved {
    rows: Vec<Vec<Fraction>>,
    basis: Vec<usize>,
    columns: usize,
}

impl System {
    /// Adds `number <= most`.
    pub(crate) fn at_most(&mut self, number: usize, most: i128) {
        let slack = self.numbers;
        self.numbers += 1;
        self.sums.push((vec![(number, 1), (slack, 1)], most));
    }

    /// A first solution; none where there is none.
    pub(crate) fn solve(&self) -> Option<Solved> {
        let (numbers, sums) = (self.numbers, self.sums.len());
        let mut rows = vec![vec![Fraction::ZERO; numbers + sums + 1]; sums];
        for (row, (parts, total)) in rows.iter_mut().zip(&self.sums) {
            let sign = if *total < 0 { -1 } else { 1 };
            for (number, times) in parts {
                row[*number] = row[*number].minus(Fraction::whole(-sign * times));
            }
            row[numbers + sums] = Fraction::whole(sign * total);
        }
        for (at, row) in rows.iter_mut().enumerate() {
            row[numbers + at] = Fraction::whole(1);
        }
        let mut solved = Solved { rows, basis: (numbers..numbers + sums).collect(), columns: numbers + sums };
        let costs: Vec<Fraction> = (0..numbers + sums).map(|at| Fraction::whole(i128::from(at >= numbers))).collect();
        let least = solved.least(&costs, numbers + sums)?;
        if least != Fraction::ZERO {
            return None;
        }
        // Helpers that are still in the basis, at zero, give way to a real number where one can take their place.
        for at in 0..sums {
            if solved.basis[at] >= numbers
                && let Some(number) = (0..numbers).find(|number| solved.rows[at][*number] != Fraction::ZERO)
            {
                solved.pivot(at, number);
            }
        }
        Some(solved)
    }
}

impl Solved {
    fn pivot(&mut self, at: usize, number: usize) {
        let by = self.rows[at][number];
        for cell in &mut self.rows[at] {
            *cell = cell.over(by);
        }
        let pivot = self.rows[at].clone();
        for (other, row) in self.rows.iter_mut().enumerate() {
            let times = row[number];
            if other != at && times != Fraction::ZERO {
                for (cell, with) in row.iter_mut().zip(&pivot).filter(|(_, with)| **with != Fraction::ZERO) {
                    *cell = cell.minus(with.times(times));
                }
            }
        }
        self.basis[at] = number;
    }

    /// The least of a weighted sum, over the first `allowed` numbers, by Bland's rule; none where it falls without end.
    fn least(&mut self, costs: &[Fraction], allowed: usize) -> Option<Fraction> {
        let last = self.columns;
        loop {
            let reduced = |solved: &Self, number: usize| {
                let spent = solved.basis.iter().zip(&solved.rows).filter(|(basic, _)| costs[**basic] != Fraction::ZERO);
                spent.fold(costs[number], |sum, (basic, row)| sum.minus(costs[*basic].times(row[number])))
            };
            let entering =
                (0..allowed).find(|number| !self.basis.contains(number) && reduced(self, *number).is_less(Fraction::ZERO));
            let Some(number) = entering else {
                let spent = self.basis.iter().zip(&self.rows);
                return Some(spent.fold(Fraction::ZERO, |sum, (basic, row)| {
                    sum.minus(costs[*basic].times(row[last]).times(Fraction::whole(-1)))
                }));
            };
            let mut leaving: Option<(usize, Fraction)> = None;
            for (at, row) in self.rows.iter().enumerate().filter(|(_, row)| Fraction::ZERO.is_less(row[number])) {
                let ratio = row[last].over(row[number]);
                let better = leaving
                    .is_none_or(|(best, least)| ratio.is_less(least) || (ratio == least && self.basis[at] < self.basis[best]));
                if better {
                    leaving = Some((at, ratio));
                }
            }
            self.pivot(leaving?.0, number);
        }
    }

    /// The least and the most a number can be; no most where it can grow without end.
    pub(crate) fn range(&mut self, number: usize, numbers: usize) -> (Fraction, Option<Fraction>) {
        let mut costs = vec![Fraction::ZERO; self.columns];
        costs[number] = Fraction::whole(1);
        let least = self.least(&costs, numbers).unwrap_or(Fraction::ZERO);
        costs[number] = Fraction::whole(-1);
        let most = self.least(&costs, numbers).map(|negative| Fraction::ZERO.minus(negative));
        (least, most)
    }
}

#[test]
fn ranges_of_a_small_system() {
    // a + b = 3, b + c = 5, a <= 2: a 0 to 2, b 1 to 3, c 2 to 4.
    let mut system = System { numbers: 3, sums: vec![(vec![(0, 1), (1, 1)], 3), (vec![(1, 1), (2, 1)], 5)] };
    system.at_most(0, 2);
    let mut solved = system.solve().unwrap();
    let mut range = |number| {
        let (least, most) = solved.range(number, system.numbers);
        (least.ceiling(), most.map(Fraction::floor))
    };
    assert_eq!([range(0), range(1), range(2)], [(0, Some(2)), (1, Some(3)), (2, Some(4))]);
    let impossible = System { numbers: 1, sums: vec![(vec![(0, 1)], 3), (vec![(0, 1)], 4)] };
    assert!(impossible.solve().is_none());
    let free = System { numbers: 2, sums: vec![(vec![(0, 1), (1, -1)], 2)] };
    let (least, most) = free.solve().unwrap().range(0, 2);
    assert_eq!((least, most), (Fraction::whole(2), None));
    // 2a = 3: a fraction is no whole number between its ceiling and its floor.
    let half = System { numbers: 1, sums: vec![(vec![(0, 2)], 3)] };
    let (least, most) = half.solve().unwrap().range(0, 1);
    assert_eq!((least.ceiling(), most.unwrap().floor()), (2, 1));
}
