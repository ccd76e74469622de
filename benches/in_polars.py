"""Polars' part of figures.py: every rollup and kept figure of `query/rollups` and `query/figures`, written for Polars.

in_polars.py LAKE TABLES OUT [NAME...]    only those named, where there are names; prints the seconds, in all and of each
"""
import glob
import json
import os
import sys
import time

import polars as pl

lake, tables, out = sys.argv[1:4]
wanted = set(sys.argv[4:])
begin = time.perf_counter()
took = {}

SLICE = ["event_date", "school_id", "source_id"]
# Receipts are made with the categories' ids; what pages embed is furniture.
events = pl.scan_parquet(lake + "/events/*.parquet").filter(pl.col("kind") != "flow")
small = lambda name: pl.read_parquet(f"{tables}/{name}.parquet").lazy()
# A text that may be a view or a dictionary in the small tables.
plain = lambda frame: frame.with_columns(pl.col(pl.Categorical).cast(pl.String))
text = lambda name: pl.col(name).cast(pl.String)
person = pl.col("user_key").is_not_null() & ~pl.col("user_type").is_in(["shared", "device"])
web = pl.col("kind").is_in(["web", "dns"])
opened = ~pl.col("furniture")
count = lambda what: what.fill_null(False).cast(pl.Int64).sum()
rows = lambda: pl.len().cast(pl.Int64)
https = pl.col("scheme") == "https"
local = pl.col("event_time").dt.convert_time_zone("Europe/London")


def activity_hourly():
    return (events.with_columns(local.dt.hour().cast(pl.Int32).alias("hour"))
            .group_by(SLICE + ["profile", "user_type", "year_group", "hour", "kind", "action", "category", "furniture"])
            .agg(rows().alias("requests"), count(person).alias("identified"), count(https).alias("https"),
                 count(https & pl.col("tls_inspected")).alias("path_visible"),
                 count(pl.col("category").is_not_null() & (pl.col("category") != "uncategorised")).alias("categorised"),
                 (pl.col("bytes_in").fill_null(0) + pl.col("bytes_out").fill_null(0)).sum().alias("bytes")))


def pupil_days():
    seen = (events.filter(opened & pl.col("kind").is_in(["web", "dns", "concern"]) & person
                          & (pl.col("theme").is_not_null() | pl.col("search_term").is_not_null() | pl.col("help_seeking")
                             | (pl.col("category") == "ai_assistant").fill_null(False)))
            .select(pl.concat_str([text("school_id"), text("source_id"), text("event_date"), text("user_key")], separator=" ").alias("person"),
                    "event_time", *SLICE, "kind", "action", "user_key", "user_type", "year_group", "category", "theme", "other_themes",
                    "help_seeking", pl.col("search_engine").fill_null(""), "search_term", "concern_id", "concern_severity", "line_no"))
    refused = pl.col("action").is_in(["blocked", "warned"]).fill_null(False)
    next_ = lambda what: what.shift(-1)
    typing = (seen.with_columns(pl.col("search_term").is_null().alias("no_term"), pl.col("action").fill_null("").alias("said"))
              .sort("person", "no_term", "search_engine", "event_time", "search_term", "said", "line_no", nulls_last=True)
              .with_columns(next_(pl.col("person")).alias("next_person"), next_(pl.col("search_engine")).alias("next_engine"),
                            next_(pl.col("search_term")).alias("next_term"), next_(pl.col("event_time")).alias("next_time"),
                            next_(refused).alias("next_refused")))
    finished = (typing.filter(pl.col("search_term").is_null() | pl.col("next_term").is_null() | (pl.col("next_person") != pl.col("person"))
                              | (pl.col("next_engine") != pl.col("search_engine"))
                              | ((pl.col("next_term") == pl.col("search_term")) & refused & ~pl.col("next_refused"))
                              | ~pl.col("next_term").str.starts_with(pl.col("search_term"))
                              | (pl.col("next_time") - pl.col("event_time") > pl.duration(seconds=10)))
                .sort("person", "search_term", "event_time", "line_no", nulls_last=True)
                .with_columns(pl.col("person").shift(1).alias("person_before"), pl.col("search_term").shift(1).alias("term_before"),
                              pl.col("event_time").shift(1).alias("time_before")))
    minute = local.dt.hour().cast(pl.Int32) * 60 + local.dt.minute().cast(pl.Int32)
    clock = lambda name: pl.col(name).str.slice(0, 2).cast(pl.Int32) * 60 + pl.col(name).str.slice(-2).cast(pl.Int32)
    none = pl.lit([], dtype=pl.List(pl.String))
    one = lambda when, what: pl.when(when).then(pl.concat_list(what)).otherwise(none)
    kept = (finished.filter((pl.col("search_term").is_null() | pl.col("time_before").is_null() | (pl.col("person_before") != pl.col("person"))
                             | pl.col("term_before").is_null() | (pl.col("term_before") != pl.col("search_term"))
                             | (pl.col("event_time") - pl.col("time_before") > pl.duration(minutes=15)))
                            & (pl.col("theme").is_not_null() | pl.col("help_seeking") | (pl.col("category") == "ai_assistant").fill_null(False)))
            .join(plain(small("lexicon_since")).select("concern_id", pl.col("since").alias("lexicon_since")), on="concern_id", how="left")
            .join(plain(small("categories")).select("category", pl.col("since").alias("category_since"),
                                                    pl.col("severity").alias("category_severity")), on="category", how="left")
            .join(plain(small("schools")).select("school_id", clock("hours_from").alias("opens"), clock("hours_to").alias("closes")),
                  on="school_id", how="left")
            .join(plain(small("school_days")).select("school_id", pl.col("date").alias("event_date"), pl.lit(True).alias("is_day")),
                  on=["school_id", "event_date"], how="left")
            .with_columns(pl.coalesce("lexicon_since", "category_since", pl.lit("always")).alias("since"),
                          pl.col("concern_severity").fill_null(0),
                          (pl.col("is_day").fill_null(False) & minute.ge(pl.col("opens")) & minute.lt(pl.col("closes"))).alias("in_hours"),
                          pl.concat_list(one(pl.col("theme").is_not_null(), text("theme")), pl.col("other_themes").fill_null(none),
                                         one(pl.col("help_seeking"), pl.lit("help_seeking")),
                                         one((pl.col("category") == "ai_assistant").fill_null(False), pl.lit("ai_assistant")))
                          .list.unique().alias("topic"))
            .with_columns(pl.max_horizontal("concern_severity", pl.col("category_severity").fill_null(0), pl.lit(1)).alias("severity"))
            .explode("topic").filter(pl.col("topic").is_not_null()))
    watched = pl.col("topic").is_in(["ai_assistant", "help_seeking"])
    is_theme = (pl.col("topic") == pl.col("theme")).fill_null(False)
    searched = pl.col("search_term").is_not_null()
    return (kept.group_by(SLICE + ["user_key", "user_type", "year_group", "topic", "since"])
            .agg(pl.when(watched).then(0).when(is_theme).then(pl.col("severity")).otherwise(1).max().cast(pl.Int32).alias("severity"),
                 pl.when(searched & is_theme & (pl.col("topic") != "help_seeking")).then(pl.col("concern_severity")).otherwise(0).max()
                 .cast(pl.Int32).alias("search_severity"),
                 rows().alias("requests"), count(refused).alias("blocked"), count(searched).alias("searches"),
                 count(~searched & (pl.col("kind") == "web") & pl.col("action").is_in(["allowed", "overridden"])).alias("opened"),
                 count(~pl.col("in_hours")).alias("out_of_hours"), pl.col("event_time").min().alias("first_time"),
                 pl.col("event_time").max().alias("last_time")))


def theme_weeks():
    days = pl.scan_parquet(out + "/pupil_days.parquet")
    since = pl.when(pl.col("since") == "always").then(pl.lit("")).otherwise(pl.col("since")).alias("since")
    layered = (days.join(plain(small("sources")).select("source_id", "school_id", "layer"), on=["source_id", "school_id"], how="left")
               .filter((pl.col("severity") >= 1) | pl.col("topic").is_in(["ai_assistant", "help_seeking"]))
               .group_by("school_id", "event_date", "topic", "user_key", pl.col("layer").fill_null("filter"))
               .agg(since.min(), pl.col("user_type").max(), pl.col("year_group").max(), pl.col("requests").sum()))
    person_days = (layered.group_by("school_id", "event_date", "topic", "user_key")
                   .agg(pl.col("since").min(), pl.col("user_type").max(), pl.col("year_group").max(), pl.col("requests").max()))
    newest = lambda name: pl.col(name).sort_by("event_date").last()
    weeks = (person_days.with_columns(pl.col("event_date").dt.truncate("1w").alias("week"))
             .group_by("school_id", "week", "topic", "user_key")
             .agg(pl.col("since").min(), newest("user_type"), newest("year_group"), rows().alias("days"), pl.col("requests").sum()))
    return (weeks.with_columns(pl.when(pl.col("since") == "").then(pl.lit("always")).otherwise(pl.col("since")).alias("since"))
            .group_by(pl.col("week").alias("event_date"), "school_id", "topic", "since", "user_type", "year_group")
            .agg(rows().alias("people"), pl.col("days").sum().alias("person_days"), pl.col("requests").sum()))


def ai_first_seen():
    return (events.filter(web & opened & pl.col("domain").is_not_null()
                          & pl.col("category").is_in(["ai_assistant", "ai_companion", "ai_undress"]))
            .group_by(SLICE + ["kind", "category", "domain", "profile", "user_type", "action"]).agg(rows().alias("numerator"))
            .with_columns(pl.col("numerator").sum().over(SLICE + ["kind", "domain"]).alias("denominator")))


STEPS = [1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 360, 480, 720, 1080, 1440, 2160, 2880, 4320, 10080, 20160, 44640]


def alert_delay():
    received = pl.scan_parquet(lake + "/receipts/*.parquet").group_by("file_id").agg(pl.col("received_at").min())
    minutes = (pl.col("received_at").cast(pl.Int64) - pl.col("event_time").cast(pl.Int64)) / 60_000_000.0
    step = pl.lit("more")
    for bound in reversed(STEPS):
        step = pl.when(minutes <= bound).then(pl.lit(str(bound))).otherwise(step)
    return (events.join(received, on="file_id").group_by(SLICE + [step.alias("within_minutes")]).agg(rows().alias("numerator"))
            .with_columns(pl.col("numerator").sum().over(SLICE).alias("denominator")))


def evidence_fields():
    has = lambda name: pl.col(name).is_not_null()
    content = has("search_term") | has("host")
    fields = {"address": has("src_ip"), "device": has("device_key"), "person": person, "content": content,
              "all": has("src_ip") & has("device_key") & person & content}
    return (events.filter(web & opened & (pl.col("action") == "blocked")).group_by(SLICE + ["kind"])
            .agg(rows().alias("denominator"), *[count(what).alias(name) for name, what in fields.items()])
            .unpivot(list(fields), index=SLICE + ["kind", "denominator"], variable_name="field", value_name="numerator"))


def overrides():
    return (events.filter(web & opened & pl.col("action").is_in(["blocked", "warned", "overridden"]))
            .group_by(SLICE + ["kind", "category", "domain", "profile", "user_type"])
            .agg(count(pl.col("action") == "overridden").alias("numerator"), rows().alias("denominator"))
            .filter(pl.col("numerator") > 0))


def safe_search_share():
    query = pl.concat_str([pl.lit("&"), pl.col("url_query").fill_null(""), pl.lit("&")])
    marked = lambda engine, mark: (pl.col("search_engine") == engine) & query.str.contains(f"&{mark}&", literal=True)
    locked = (((pl.col("search_engine") == "google") & (pl.col("host") == "forcesafesearch.google.com")).fill_null(False)
              | marked("google", "safe=active") | ((pl.col("search_engine") == "bing") & (pl.col("host") == "strict.bing.com")).fill_null(False)
              | marked("bing", "adlt=strict") | marked("yahoo", "vm=r"))
    off = marked("google", "safe=off") | marked("bing", "adlt=off") | marked("yahoo", "vm=p")
    return (events.filter((pl.col("kind") == "web") & opened & pl.col("search_engine").is_in(["google", "bing", "yahoo"]))
            .group_by(SLICE).agg(rows().alias("denominator"), count(locked).alias("locked"), count(~locked & off).alias("not_locked"))
            .with_columns((pl.col("denominator") - pl.col("locked") - pl.col("not_locked")).alias("cannot_tell"))
            .unpivot(["locked", "not_locked", "cannot_tell"], index=SLICE + ["denominator"], variable_name="part", value_name="numerator"))


def search_visible_share():
    return (events.filter((pl.col("kind") == "web") & opened & pl.col("search_engine").is_not_null()).group_by(SLICE)
            .agg(pl.col("search_term").count().cast(pl.Int64).alias("numerator"), rows().alias("denominator")))


for make in (activity_hourly, pupil_days, theme_weeks):
    if not wanted or make.__name__ in wanted:
        before = time.perf_counter()
        make().sink_parquet(f"{out}/{make.__name__}.parquet", compression="zstd")
        took[make.__name__] = round(time.perf_counter() - before, 3)
for make in (ai_first_seen, alert_delay, evidence_fields, overrides, safe_search_share, search_visible_share):
    if not wanted or make.__name__ in wanted:
        before = time.perf_counter()
        make().sink_parquet(f"{out}/figure-{make.__name__}.parquet", compression="zstd")
        took[f"figure {make.__name__}"] = round(time.perf_counter() - before, 3)
print(json.dumps({"seconds": time.perf_counter() - begin, "each": took}), flush=True)
# At Python's own way out the packages' threads sometimes end it with an abort, after the answer.
os._exit(0)
