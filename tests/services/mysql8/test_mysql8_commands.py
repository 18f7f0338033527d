"""Whole commands against MySQL: those tests of MariaDB that ask nothing of it that is its own."""

from tests.services.test_mysql import (
    at,
    chain,
    test_a_correction_writes_the_rows_that_differ_and_no_other,
    test_a_dump_sees_one_moment,
    test_a_lock_held_for_long_is_transient,
    test_a_run_loads_everything_and_the_next_one_nothing,
    test_a_server_killed_in_mid_load_keeps_the_old_data,
    test_a_server_that_comes_back_in_time_is_waited_for,
    test_a_server_that_forbids_files_gets_inserts,
    test_answers_are_kept_with_their_types_and_replaced_in_one_step,
    test_any_character_arrives_as_it_is,
    test_rows_that_the_server_would_cut_to_fit_are_refused,
    test_the_real_set_arrives_to_the_cent,
)

__all__ = [
    "at",
    "chain",
    "test_a_correction_writes_the_rows_that_differ_and_no_other",
    "test_a_dump_sees_one_moment",
    "test_a_lock_held_for_long_is_transient",
    "test_a_run_loads_everything_and_the_next_one_nothing",
    "test_a_server_killed_in_mid_load_keeps_the_old_data",
    "test_a_server_that_comes_back_in_time_is_waited_for",
    "test_a_server_that_forbids_files_gets_inserts",
    "test_answers_are_kept_with_their_types_and_replaced_in_one_step",
    "test_any_character_arrives_as_it_is",
    "test_rows_that_the_server_would_cut_to_fit_are_refused",
    "test_the_real_set_arrives_to_the_cent",
]
