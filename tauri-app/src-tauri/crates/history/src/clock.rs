//! Moments as they are kept, and as people read them.

use std::time::SystemTime;

use time::OffsetDateTime;

/// The last moment of the year 9999.
pub(crate) const LAST_MILLIS: i64 = 253_402_300_799_999;

/// Milliseconds since 1970, UTC; 0 for a clock that is set before it.
pub(crate) fn millis(moment: SystemTime) -> i64 {
    let since = moment.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(LAST_MILLIS).min(LAST_MILLIS)
}

/// For a file's name: `20261123T173408Z`.
pub(crate) fn stamp(millis: i64) -> String {
    let at = moment(millis);
    format!(
        "{:04}{:02}{:02}T{:02}{:02}{:02}Z",
        at.year(),
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    )
}

/// For people: `2026-11-23 17:34 UTC`.
pub(crate) fn date(millis: i64) -> String {
    let at = moment(millis);
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02} UTC",
        at.year(),
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute()
    )
}

fn moment(millis: i64) -> OffsetDateTime {
    let seconds = millis.clamp(0, LAST_MILLIS) / 1000;
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_moment_reads_the_same_in_a_files_name_and_in_a_text() {
        let moment = millis(SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_455_248_123));
        assert_eq!(moment, 1_795_455_248_123);
        assert_eq!(stamp(moment), "20261123T173408Z");
        assert_eq!(date(moment), "2026-11-23 17:34 UTC");
    }

    #[test]
    fn moments_outside_of_four_digit_years_do_no_harm() {
        assert_eq!(millis(SystemTime::UNIX_EPOCH - Duration::from_secs(1)), 0);
        assert_eq!(date(i64::MAX), "9999-12-31 23:59 UTC");
        assert_eq!(date(i64::MIN), "1970-01-01 00:00 UTC");
    }
}
