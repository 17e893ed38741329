#!/usr/bin/env python3
"""Writes occurrences.tsv: when cron expressions are due around clock changes of the past, by Python's zoneinfo.

python3 occurrences.py > occurrences.tsv

It walks the minutes of UTC and looks at the wall clock. Only the past, because rules for the future change; the changes are found
by looking as well. Columns: zone, expression, the instant after which, the next three occurrences (UTC).
"""
import random
import zoneinfo
from datetime import datetime, timedelta, timezone

ZONES = """Africa/Cairo Africa/Casablanca America/Asuncion America/Caracas America/Godthab America/Havana America/New_York America/Santiago
America/Sao_Paulo America/St_Johns Antarctica/Troll Asia/Amman Asia/Beirut Asia/Gaza Asia/Kathmandu Asia/Kolkata Asia/Pyongyang Asia/Tehran
Atlantic/Azores Australia/Eucla Australia/Lord_Howe Europe/Berlin Europe/Chisinau Europe/Dublin Europe/Istanbul Europe/London Europe/Moscow
Pacific/Apia Pacific/Chatham Pacific/Fakaofo Pacific/Norfolk UTC""".split()
FORM = "%Y-%m-%dT%H:%MZ"
MINUTE = timedelta(minutes=1)


def changes(zone):
    day = datetime(2005, 1, 1, tzinfo=timezone.utc)
    while day.year < 2025:
        if offset(zone, day) != offset(zone, day + timedelta(days=1)):
            at = day
            while offset(zone, at) == offset(zone, day):
                at += MINUTE
            yield at
        day += timedelta(days=1)


def offset(zone, utc):
    return utc.astimezone(zone).utcoffset()


def wall(zone, utc):
    return utc.astimezone(zone).replace(tzinfo=None)


def is_due(time, minutes, hours):
    return time.minute in minutes and time.hour in hours


def occurrences(zone, minutes, hours, after, count):
    found = []
    utc = after - timedelta(days=2)
    shown = wall(zone, utc)
    while len(found) < count:
        utc += MINUTE
        now = wall(zone, utc)
        if len(hours) == 24:
            due = is_due(now, minutes, hours)
        else:
            due = False
            while shown < now:
                shown += MINUTE
                due = due or is_due(shown, minutes, hours)
        shown = max(shown, now)
        if due and utc > after:
            found.append(utc)
    return found


def text(values, everything):
    return "*" if len(values) == everything else ",".join(map(str, sorted(values)))


def main():
    choose = random.Random(1)
    for name in ZONES:
        zone = zoneinfo.ZoneInfo(name)
        known = list(changes(zone)) or [datetime(2020, 1, 1, tzinfo=timezone.utc)]
        for change in choose.sample(known, min(len(known), 8)):
            before = wall(zone, change - MINUTE)
            for is_every_hour in (False, True):
                minutes = {before.minute, choose.randrange(60)}
                hours = set(range(24)) if is_every_hour else {before.hour, (before.hour + 1) % 24, (before.hour + 23) % 24}
                after = change - timedelta(minutes=choose.randrange(1, 180))
                found = occurrences(zone, minutes, hours, after, 3)
                expression = f"{text(minutes, 60)} {text(hours, 24)} * * *"
                print("\t".join([name, expression, *(time.strftime(FORM) for time in [after, *found])]))


main()
