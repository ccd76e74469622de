//! What was changed because of what happened.

use super::{Book, BookField as Field, Holds, Spans};

const BECAUSE: Holds = Holds::OneOf(&[
    ("incidents", "of incidents"),
    ("circumvention", "of ways round the filter"),
    ("theme", "a theme rose"),
    ("survey", "of what pupils, parents or staff said"),
    ("other", "of something else"),
]);

const WHERE: Holds = Holds::OneOf(&[
    ("policy", "a policy"),
    ("teaching", "teaching"),
    ("filter", "the filter"),
    ("monitoring", "monitoring"),
    ("support", "support for pupils"),
    ("training", "training of staff"),
]);

pub(super) const BOOK: Book = Book {
    id: "learning",
    title: "What we changed",
    asks: "What was changed because of what happened",
    one: "change of ours",
    what: "Changes of policy, teaching or systems that followed from incidents, from ways round the filter, or from a theme that rose. They show that the school learns.",
    spans: Spans::On("on"),
    fields: &[
        Field::needed("what", "What was changed", Holds::Line)
            .hint("Governors read this. No names, and nothing by which a pupil could be known."),
        Field::needed("place", "Where", WHERE),
        Field::needed("because", "Because", BECAUSE),
        Field::needed("on", "On", Holds::Day),
        Field::closed("details", "Details", Holds::Text).hint("No names of pupils."),
        Field::open("look", "To be looked at again by", Holds::Due),
    ],
};
