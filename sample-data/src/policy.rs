//! What each school's filter is meant to do with a category: the source of policy.csv and of every simulated decision.

use crate::category::Category;
use crate::line::Action;
use crate::people::Kind;
use crate::schools::School;

/// Categories that are refused to everyone.
pub(crate) const ALWAYS: [(Category, &str); 8] = [
    (Category::Pornography, "Pornography is never needed in school"),
    (Category::Gambling, "Under 18s may not gamble"),
    (Category::Drugs, "Sites that sell or promote drugs"),
    (Category::Weapons, "Sites that sell weapons"),
    (Category::Extremism, "Prevent duty"),
    (Category::Piracy, "Copyright, and unsafe downloads"),
    (Category::Malware, "Known harmful sites"),
    (Category::Dating, "Contact with strangers"),
];

/// Whether the school's filter shows a warning page for streaming sites rather than a block or nothing.
pub(crate) fn warns_on_streaming(school: &School) -> bool {
    school.phase.is_older() && school.format.can_log(crate::line::What::Decision(Action::Warned))
}

/// What the policy expects for a kind of person.
pub(crate) fn expected(school: &School, kind: Kind, category: Category) -> Action {
    if ALWAYS.iter().any(|row| row.0 == category) {
        return Action::Blocked;
    }
    let staff = kind == Kind::Staff;
    match category {
        Category::Circumvention => Action::Blocked,
        Category::Games => Action::Blocked,
        Category::SocialMedia | Category::Messaging if !staff => Action::Blocked,
        Category::AiAssistant if !staff && !school.phase.is_older() => Action::Blocked,
        Category::Streaming if !staff && warns_on_streaming(school) => Action::Warned,
        Category::SexEducation if !staff && !school.phase.is_older() => Action::Blocked,
        _ => Action::Allowed,
    }
}
