//! The staff self-audit: ten questions, and how many answered yes to each.

use super::{Book, BookField as Field, Holds, Spans};

pub(super) const BOOK: Book = Book {
    id: "self-audit",
    title: "Self-audit of staff",
    asks: "Do staff know what to do",
    one: "self-audit",
    what: "Ten questions that every member of staff answers with yes or no, best with the yearly training. Only how many said yes is kept: never one person\u{2019}s answer.",
    spans: Spans::On("on"),
    fields: &[
        Field::needed("on", "On", Holds::Day),
        Field::needed("asked", "Staff asked", Holds::People),
        Field::needed("answered", "Staff who answered", Holds::People),
        Field::open("lead", "1. Know who the safeguarding lead is", Holds::People),
        Field::open("peers", "2. Know how pupils may harm each other online", Holds::People),
        Field::open("worry", "3. Know what to do when a pupil worries them", Holds::People),
        Field::open("staff_rules", "4. Know the agreement of acceptable use for staff", Holds::People),
        Field::open("pupil_rules", "5. Know the agreement of acceptable use for pupils", Holds::People),
        Field::open("systems", "6. Know which systems filter and monitor", Holds::People),
        Field::open("own_part", "7. Know their own part in it", Holds::People),
        Field::open("passwords", "8. Keep their passwords to themselves", Holds::People),
        Field::open("bullying", "9. Know what to do about bullying online", Holds::People),
        Field::open("wants", "10. Want more training or help", Holds::People),
        Field::open("led_to", "What it led to", Holds::Line).hint("Governors read this. Nothing that one person alone said."),
        Field::open("again", "Due again by", Holds::Due),
    ],
};
