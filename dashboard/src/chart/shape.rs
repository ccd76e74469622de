//! The shape of a state: told apart without colour, drawn rather than typed so that no screen reader spells it out.

use super::{Canvas, Svg};
use crate::view::{State, Tone};

const CIRCLE: &str = "<circle class=\"solid\" cx=\"8\" cy=\"8\" r=\"6\"/>";
const UP: &str = "<path class=\"solid\" d=\"M8 1.5 15 14H1z\"/>";
const DOWN: &str = "<path class=\"solid\" d=\"M8 14.5 1 2h14z\"/>";
const RING: &str = "<circle class=\"hollow\" cx=\"8\" cy=\"8\" r=\"5.5\"/>";
const DIAMOND: &str = "<path class=\"solid\" d=\"M8 .5 15.5 8 8 15.5.5 8z\"/>";

/// The mark before a figure's state; it says nothing itself.
pub(crate) fn state_shape(state: State) -> Svg {
    draw(match state {
        State::Usual => CIRCLE,
        State::Higher => UP,
        State::Lower => DOWN,
        State::CantSay => RING,
    })
}

/// The mark before an answer or a finding.
pub(crate) fn tone_shape(tone: Tone) -> Svg {
    draw(match tone {
        Tone::Urgent => DIAMOND,
        Tone::Notice => UP,
        Tone::Quiet => RING,
        Tone::Fine => CIRCLE,
    })
}

fn draw(path: &str) -> Svg {
    let mut canvas = Canvas::silent("shape", 16.0, 16.0);
    canvas.push(format_args!("{path}"));
    canvas.finish()
}
