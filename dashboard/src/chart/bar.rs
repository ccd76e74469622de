//! A bar of days with logs out of school days, for table cells and lists that say the numbers beside it.

use super::{Canvas, Svg};
use crate::view::Coverage;

const WIDTH: f64 = 160.0;
const HEIGHT: f64 = 16.0;

/// The bar; the part without logs is hatched, as everywhere.
pub(crate) fn coverage_bar(coverage: Coverage) -> Svg {
    let mut canvas = Canvas::silent("meter", WIDTH, HEIGHT);
    if coverage.school_days > 0 {
        let share = (f64::from(coverage.with_logs) / f64::from(coverage.school_days)).clamp(0.0, 1.0);
        let filled = (WIDTH - 2.0) * share;
        if share < 1.0 {
            canvas.rect("hatched", 1.0 + filled, 1.0, WIDTH - 2.0 - filled, HEIGHT - 2.0);
        }
        canvas.rect("filled", 1.0, 1.0, filled, HEIGHT - 2.0);
    }
    canvas.rect("frame", 1.0, 1.0, WIDTH - 2.0, HEIGHT - 2.0);
    canvas.finish()
}
