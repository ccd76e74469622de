//! Themes, categories and operations in the words of a page.

use jiff::civil::Date;

/// Every theme, and the watched categories that rollups count beside them.
pub const TOPICS: [&str; 23] = [
    "self_harm",
    "suicide",
    "eating_disorder",
    "mental_distress",
    "drugs",
    "violence_weapons",
    "extremism",
    "hate",
    "sexual_content",
    "misinformation",
    "illegal",
    "grooming",
    "exploitation",
    "abuse_home",
    "ai_harm",
    "bullying",
    "nudes_sextortion",
    "circumvention",
    "hacking_piracy",
    "gambling",
    "scams",
    "help_seeking",
    "ai_assistant",
];

/// A theme's or category's title for people.
pub(crate) fn title_of(id: &str) -> String {
    let known = match id {
        "self_harm" => "Self-harm",
        "suicide" => "Suicide",
        "eating_disorder" => "Eating disorders",
        "mental_distress" => "Distress and low mood",
        "drugs" => "Drugs, alcohol, tobacco and vaping",
        "violence_weapons" => "Violence and weapons",
        "extremism" => "Extremism",
        "hate" => "Hate",
        "sexual_content" => "Sexual content",
        "misinformation" => "Misinformation",
        "illegal" => "Illegal content",
        "grooming" => "Contact with strangers",
        "exploitation" => "Exploitation and gangs",
        "abuse_home" => "Abuse at home",
        "ai_harm" => "Harmful AI",
        "bullying" => "Bullying",
        "nudes_sextortion" => "Nudes and sextortion",
        "circumvention" => "Ways round the filter",
        "hacking_piracy" => "Hacking and piracy",
        "gambling" => "Gambling",
        "scams" => "Scams",
        "csam" => "Child abuse images, as the filter lists them",
        "terrorism" => "Terrorism, as the filter lists it",
        "illegal_other" => "Other illegal content, as the filter lists it",
        "help_seeking" => "Looking for help",
        "adv" => "Advertising",
        "infra" => "Background services",
        "help_lines" => "Help lines",
        "private_support" => "Private support sites",
        "media_shopping_files" => "Media, shopping and files",
        "social_media" => "Social media",
        "ai_assistant" => "AI assistants",
        "ai_companion" => "AI companions",
        "ai_undress" => "AI that undresses people",
        "sex_education" => "Sex education",
        "remote_access" => "Remote access",
        "encrypted_dns" => "Encrypted DNS",
        _ => "",
    };
    if !known.is_empty() {
        return known.to_string();
    }
    let text = id.replace('_', " ");
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The same inside a sentence.
pub(crate) fn in_sentence(id: &str) -> String {
    let title = title_of(id);
    if title.starts_with("AI") {
        return title;
    }
    let mut letters = title.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// What a figure is one of several of; a source stays as it is called.
pub(crate) fn kind_of(id: &str) -> String {
    match id {
        "locked" => "locked".into(),
        "not_locked" => "switched off".into(),
        "cannot_tell" => "cannot tell".into(),
        "waiting" => "still waiting".into(),
        "all_hours" => "all hours".into(),
        "school_hours" => "school hours".into(),
        "lines" => "lines of the logs".into(),
        "pupil_days" => "pupils\u{2019} days".into(),
        source => source.into(),
    }
}

/// `4 November 2025`.
pub(crate) fn day(date: Date) -> String {
    date.strftime("%-d %B %Y").to_string()
}

/// `4 November 2025`, or `4 to 6 November 2025`, or both days in full.
pub(crate) fn span(first: Date, last: Date) -> String {
    if first == last {
        day(first)
    } else if (first.year(), first.month()) == (last.year(), last.month()) {
        format!("{} to {}", first.day(), day(last))
    } else {
        format!("{} to {}", day(first), day(last))
    }
}

/// A count with its noun.
pub(crate) fn count(number: u64, one: &str, many: &str) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{grouped} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn words_for_people() {
        assert_eq!(title_of("violence_weapons"), "Violence and weapons");
        assert_eq!(title_of("media_shopping_files"), "Media, shopping and files");
        assert_eq!(in_sentence("gambling"), "gambling");
        assert_eq!(in_sentence("ai_assistant"), "AI assistants");
        assert_eq!(span(date(2025, 11, 4), date(2025, 11, 6)), "4 to 6 November 2025");
        assert_eq!(span(date(2025, 11, 28), date(2025, 12, 1)), "28 November 2025 to 1 December 2025");
        assert_eq!([count(1, "day", "days"), count(1234567, "day", "days")], ["1 day", "1,234,567 days"]);
    }
}
