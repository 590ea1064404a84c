//! Runs programs and takes their measure.

use std::io::{Read as _, Seek as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use wait4::Wait4 as _;

use crate::run::shown;

/// What one run cost.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// From before the process was made until it was collected.
    pub wall: Duration,
    /// User and system time of the process and of those that it waited for.
    pub cpu: Duration,
    /// The largest resident set in bytes. The kernel counts what the process was before its `exec`
    /// as well, so nothing below this program's own size (some MB) can be told: an upper bound.
    pub peak: u64,
}

/// Which ends of a program are part of what is measured.
#[derive(Clone, Copy, Debug)]
pub enum Ends<'a> {
    /// It has to end with one of these codes.
    With(&'a [i32]),
    /// It may end as it likes.
    Anyhow,
}

/// Runs a program to its end, its output thrown away.
pub fn run(command: &mut Command, ends: Ends<'_>) -> Result<Sample> {
    Ok(run_and_listen(command, ends)?.0)
}

/// As [`run`], with what the program said on standard error.
pub fn run_and_listen(command: &mut Command, ends: Ends<'_>) -> Result<(Sample, String)> {
    let words = shown(command);
    let mut errors = tempfile::tempfile()?;
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(errors.try_clone()?);
    let start = Instant::now();
    let mut child = command.spawn().with_context(|| format!("cannot start {words}"))?;
    let ended = child.wait4().with_context(|| format!("cannot collect {words}"))?;
    let wall = start.elapsed();
    let mut said = String::new();
    errors.rewind()?;
    errors.read_to_string(&mut said)?;
    if let Ends::With(codes) = ends
        && !ended.status.code().is_some_and(|code| codes.contains(&code))
    {
        bail!("{words} ended with {}:\n{}", ended.status, said.trim());
    }
    let cpu = ended.rusage.utime + ended.rusage.stime;
    Ok((Sample { wall, cpu, peak: ended.rusage.maxrss }, said))
}

/// One thing to measure again and again.
pub type Subject<'a, T> = Box<dyn FnMut() -> Result<T> + 'a>;

/// Measures all subjects `runs` times, one after the other in each round, so that whatever else
/// the machine does falls on all of them; every second round goes backwards. A first round warms
/// caches and does not count.
pub fn alternate<T>(runs: usize, subjects: &mut [Subject<'_, T>]) -> Result<Vec<Vec<T>>> {
    let mut samples: Vec<Vec<T>> = subjects.iter().map(|_| Vec::with_capacity(runs)).collect();
    for round in 0..=runs {
        let mut order: Vec<usize> = (0..subjects.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for index in order {
            let sample = subjects[index]()?;
            if round > 0 {
                samples[index].push(sample);
            }
        }
    }
    Ok(samples)
}

/// The smallest, the middle and the largest of several figures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    pub min: f64,
    pub median: f64,
    pub max: f64,
}

impl Spread {
    /// # Panics
    /// Of no figures at all.
    pub fn of(figures: impl IntoIterator<Item = f64>) -> Self {
        let mut figures: Vec<f64> = figures.into_iter().collect();
        figures.sort_by(f64::total_cmp);
        let middle = figures.len() / 2;
        let median = if figures.len() % 2 == 1 {
            figures[middle]
        } else {
            f64::midpoint(figures[middle - 1], figures[middle])
        };
        Self { min: figures[0], median, max: figures[figures.len() - 1] }
    }
}

/// Milliseconds of wall time.
pub fn wall(samples: &[Sample]) -> Spread {
    Spread::of(samples.iter().map(|sample| sample.wall.as_secs_f64() * 1e3))
}

/// Milliseconds of CPU time.
pub fn cpu(samples: &[Sample]) -> Spread {
    Spread::of(samples.iter().map(|sample| sample.cpu.as_secs_f64() * 1e3))
}

/// Megabytes (10⁶ bytes) of memory.
pub fn peak(samples: &[Sample]) -> Spread {
    #[allow(clippy::cast_precision_loss)] // far below 2^52 bytes
    Spread::of(samples.iter().map(|sample| sample.peak as f64 / 1e6))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_median_is_the_middle_figure_or_between_two() {
        assert_eq!(Spread::of([3.0, 1.0, 2.0]), Spread { min: 1.0, median: 2.0, max: 3.0 });
        assert_eq!(Spread::of([4.0, 1.0, 2.0, 3.0]), Spread { min: 1.0, median: 2.5, max: 4.0 });
    }

    #[test]
    fn a_program_that_fails_is_told_with_its_words() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo broken >&2; exit 3"]);
        let error = run(&mut command, Ends::With(&[0])).unwrap_err().to_string();
        assert!(error.contains("broken") && error.contains('3'), "{error}");
        run(&mut command, Ends::With(&[0, 3])).unwrap();
        run(&mut command, Ends::Anyhow).unwrap();
    }

    #[test]
    fn processor_time_and_memory_are_those_of_the_program() {
        let mut busy = Command::new("sh");
        busy.args(["-c", "i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done"]);
        let busy = run(&mut busy, Ends::With(&[0])).unwrap();
        let idle = run(&mut Command::new("true"), Ends::With(&[0])).unwrap();
        assert!(busy.cpu > idle.cpu && idle.peak > 0, "{busy:?} {idle:?}");
    }

    #[test]
    fn rounds_alternate_and_the_first_does_not_count() {
        let seen = std::cell::RefCell::new(Vec::new());
        let subject = |name: char| -> Subject<'_, char> {
            let seen = &seen;
            Box::new(move || {
                seen.borrow_mut().push(name);
                Ok(name)
            })
        };
        let samples = alternate(2, &mut [subject('a'), subject('b')]).unwrap();
        assert_eq!(samples, [['a', 'a'], ['b', 'b']]);
        assert_eq!(*seen.borrow(), ['a', 'b', 'b', 'a', 'a', 'b']);
    }
}
