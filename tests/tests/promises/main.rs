//! Weir's promises, end to end, on the built command.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

mod a_closed_date_opens_for_a_full_re_export;
mod a_date_closes_when_two_engines_agree;
mod a_days_work_of_each_role;
mod a_killed_ingest_leaves_nothing;
mod a_letter_says_only_that_something_waits;
mod a_mistake_can_be_taken_back;
mod a_new_vendor_needs_no_programming;
mod a_new_year_changes_no_earlier_figure;
mod a_night_needs_nobody;
mod a_real_filters_log_is_read_to_the_line;
mod a_second_run_adds_nothing;
mod a_shuffled_folder_is_sorted_out;
mod a_signed_review_stays_as_it_was;
mod a_term_of_bad_nights;
mod an_alert_reaches_mail;
mod an_answer_opens_in_a_spreadsheet;
mod an_attacker_gets_nothing;
mod an_erased_person_is_gone;
mod an_independent_reader_counts_the_same;
mod bad_input_is_explained;
mod every_format_gives_back_what_was_written;
mod every_page_is_for_everyone;
mod every_planted_concern_is_raised;
mod lines_of_no_school_wait_for_a_rule;
mod nobody_comes_in_without_an_account;
mod others_roll_up_the_same;
mod others_samples_are_read_as_a_careful_person_would;
mod saved_questions_find_what_was_planted;
mod the_demo_tells_what_was_planted;
mod the_doctor_names_the_mend;
mod the_lake_may_lie_in_a_store;
mod todays_files_apply_to_open_dates;
mod two_engines_agree;
mod two_writers_lose_nothing;
mod what_is_asked_is_written_down;
mod what_is_sent_arrives_once;
mod what_was_acknowledged_stays;
