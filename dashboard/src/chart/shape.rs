//! The shape of a state: told apart without colour, drawn rather than typed so that no screen reader spells it out.

use super::{Canvas, Svg};
use crate::view::State;

/// A small mark that stands before a state's word and says nothing itself.
pub(crate) fn state_shape(state: State) -> Svg {
    let mut canvas = Canvas::silent("shape", 16.0, 16.0);
    canvas.push(format_args!(
        "{}",
        match state {
            State::Usual => "<circle class=\"solid\" cx=\"8\" cy=\"8\" r=\"6\"/>",
            State::Higher => "<path class=\"solid\" d=\"M8 1.5 15 14H1z\"/>",
            State::Lower => "<path class=\"solid\" d=\"M8 14.5 1 2h14z\"/>",
            State::CantSay => "<circle class=\"hollow\" cx=\"8\" cy=\"8\" r=\"5.5\"/>",
            State::NeedsAnswer => "<path class=\"solid\" d=\"M8 .5 15.5 8 8 15.5.5 8z\"/>",
        }
    ));
    canvas.finish()
}
