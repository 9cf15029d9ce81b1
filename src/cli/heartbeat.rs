//! When a line of progress is due where no terminal shows a bar.

use std::time::Duration;

/// Lets one line pass in each interval, so that a log shows life and does not grow with the time.
#[derive(Debug, Clone, Copy)]
pub struct Heartbeat {
    every: Duration,
    next: Duration,
}

impl Heartbeat {
    /// Begins an interval. Times are those since the begin of the work.
    pub fn new(every: Duration) -> Self {
        Self { every, next: every }
    }

    /// Returns true if a line is due, and begins the next interval then.
    pub fn is_due(&mut self, elapsed: Duration) -> bool {
        let due = elapsed >= self.next;
        if due {
            self.next = elapsed + self.every;
        }
        due
    }

    /// Returns the time until a line is due.
    pub fn wait(&self, elapsed: Duration) -> Duration {
        self.next.saturating_sub(elapsed)
    }
}

impl Default for Heartbeat {
    fn default() -> Self {
        Self::new(Duration::from_mins(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_passes_in_each_minute_however_often_it_is_asked_for() {
        let mut heartbeat = Heartbeat::default();
        let asked = (0..36_000).map(|tenths| Duration::from_millis(tenths * 100));
        let passed: Vec<_> = asked.filter(|&elapsed| heartbeat.is_due(elapsed)).collect();
        assert_eq!(passed.len(), 59);
        assert_eq!(passed[0], Duration::from_mins(1));
        let gaps = passed
            .windows(2)
            .map(|pair| pair[1].saturating_sub(pair[0]));
        assert!(gaps.into_iter().all(|gap| gap >= Duration::from_mins(1)));
    }

    #[test]
    fn a_late_line_moves_the_next_one() {
        let seconds = Duration::from_secs;
        let mut heartbeat = Heartbeat::new(seconds(60));
        assert_eq!(heartbeat.wait(seconds(10)), seconds(50));
        assert!(heartbeat.is_due(seconds(100)));
        assert!(!heartbeat.is_due(seconds(159)));
        assert_eq!(heartbeat.wait(seconds(159)), seconds(1));
        assert!(heartbeat.is_due(seconds(160)));
        assert_eq!(heartbeat.wait(seconds(300)), Duration::ZERO);
    }
}
