//! How long things took, sorted into buckets whose ends are the same for all.

use std::time::Duration;

use super::page::Page;

/// The upper ends of the buckets, in milliseconds.
const ENDS: [u64; 9] = [100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 90_000];

/// Counts by bucket; the last has no end.
#[derive(Clone, Debug, Default)]
pub(super) struct Histogram {
    buckets: [u64; ENDS.len() + 1],
    sum_ms: u64,
}

impl Histogram {
    pub(super) fn note(&mut self, length: Duration) {
        let ms = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
        let at = ENDS.iter().position(|end| ms <= *end);
        self.buckets[at.unwrap_or(ENDS.len())] += 1;
        self.sum_ms = self.sum_ms.saturating_add(ms);
    }

    /// Its series, each with these labels.
    pub(super) fn write(&self, page: &mut Page, name: &str, labels: &[(&str, &str)]) {
        let mut sum = 0;
        let ends = ENDS.map(|ms| (ms as f64 / 1_000.0).to_string());
        let ends = ends.iter().map(String::as_str).chain(["+Inf"]);
        for (end, count) in ends.zip(self.buckets) {
            sum += count;
            let labels = [labels, &[("le", end)]].concat();
            page.line(&format!("{name}_bucket"), &labels, sum);
        }
        let seconds = self.sum_ms as f64 / 1_000.0;
        page.line(&format!("{name}_sum"), labels, seconds);
        page.line(&format!("{name}_count"), labels, sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_add_up() {
        let mut histogram = Histogram::default();
        for ms in [50, 100, 101, 1_000_000] {
            histogram.note(Duration::from_millis(ms));
        }
        let mut page = Page::default();
        histogram.write(&mut page, "x", &[("of", "a")]);
        let page = page.into_text();
        for line in [
            "x_bucket{of=\"a\",le=\"0.1\"} 2",
            "x_bucket{of=\"a\",le=\"0.25\"} 3",
            "x_bucket{of=\"a\",le=\"90\"} 3",
            "x_bucket{of=\"a\",le=\"+Inf\"} 4",
            "x_sum{of=\"a\"} 1000.251",
            "x_count{of=\"a\"} 4",
        ] {
            assert!(page.contains(line), "{line}\n{page}");
        }
    }
}
