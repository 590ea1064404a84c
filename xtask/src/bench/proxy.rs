//! A TCP proxy that adds a round-trip time.
//!
//! What it models: a link on which every byte takes half of D in each direction. TLS passes through
//! untouched, so its round trips, and those of HTTP, are delayed because their bytes are.
//!
//! Connecting needs one round trip of its own, which a proxy cannot delay directly: the kernel
//! accepts at once. On the link, the client's first byte could leave only when the answer to its
//! SYN was there, D after it began to connect. So what the client sends within D of connecting is
//! held until D has passed, and travels from then on. What is sent back needs no such rule: in TLS
//! the client speaks first.
//!
//! What it leaves out: bandwidth, loss, and the slow start of TCP, by which an answer of more than
//! ten segments (14 kB) takes a further round trip on a real link. All of these are the same for
//! every client that asks the same of the same server.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

/// Listens on a port of its own until it is dropped.
#[derive(Debug)]
pub struct DelayProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    upstream: SocketAddr,
    /// Nanoseconds.
    round_trip: AtomicU64,
    connections: AtomicUsize,
    stopped: AtomicBool,
}

impl DelayProxy {
    /// Starts to forward to `upstream`, without delay at first.
    pub fn start(upstream: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).context("cannot open a port")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            upstream,
            round_trip: AtomicU64::new(0),
            connections: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
        });
        let accepting = Arc::clone(&shared);
        thread::Builder::new().spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if accepting.stopped.load(Ordering::Relaxed) {
                    break;
                }
                accepting.accept(client);
            }
        })?;
        Ok(Self { address, shared })
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The round-trip time of connections made from now on.
    pub fn set_round_trip(&self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.shared.round_trip.store(nanos, Ordering::Relaxed);
    }

    /// How many connections were made so far.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }
}

impl Drop for DelayProxy {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn accept(&self, client: TcpStream) {
        let connecting = Instant::now();
        self.connections.fetch_add(1, Ordering::Relaxed);
        let round_trip = Duration::from_nanos(self.round_trip.load(Ordering::Relaxed));
        // Where the server is not there the client sees its connection closed.
        let Ok(server) = TcpStream::connect(self.upstream) else { return };
        for stream in [&client, &server] {
            let _ = stream.set_nodelay(true);
        }
        let (Ok(from_client), Ok(from_server)) = (client.try_clone(), server.try_clone()) else {
            return;
        };
        let one_way = round_trip / 2;
        relay(from_client, server, one_way, connecting + round_trip);
        relay(from_server, client, one_way, connecting);
    }
}

/// Bytes and when they arrive; none at the end of the stream.
type Parcel = (Instant, Vec<u8>);

/// Forwards one direction: bytes leave when they are read, but not before `open`, and arrive
/// `one_way` later. Reading never waits for writing, so that a delay does not become a rate.
fn relay(mut from: TcpStream, mut to: TcpStream, one_way: Duration, open: Instant) {
    let (sender, receiver) = mpsc::channel::<Parcel>();
    let reader = move || {
        let mut buffer = vec![0; 64 << 10];
        loop {
            let read = from.read(&mut buffer).unwrap_or(0);
            let arrives = Instant::now().max(open) + one_way;
            if sender.send((arrives, buffer[..read].to_vec())).is_err() || read == 0 {
                return;
            }
        }
    };
    let writer = move || {
        for (arrives, bytes) in receiver {
            thread::sleep(arrives.saturating_duration_since(Instant::now()));
            if bytes.is_empty() {
                let _ = to.shutdown(Shutdown::Write);
                return;
            }
            if to.write_all(&bytes).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    };
    let spawn = |work: Box<dyn FnOnce() + Send>| {
        let _ = thread::Builder::new().stack_size(128 << 10).spawn(work);
    };
    spawn(Box::new(reader));
    spawn(Box::new(writer));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// A server that sends everything back.
    fn echo() -> SocketAddr {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                thread::spawn(move || std::io::copy(&mut &stream, &mut &stream));
            }
        });
        address
    }

    fn exchange(stream: &mut TcpStream, text: &[u8]) -> Duration {
        let start = Instant::now();
        stream.write_all(text).unwrap();
        let mut answer = vec![0; text.len()];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(answer, text);
        start.elapsed()
    }

    #[test]
    fn connecting_and_each_exchange_take_a_round_trip() {
        let proxy = DelayProxy::start(echo()).unwrap();
        let round_trip = Duration::from_millis(40);
        proxy.set_round_trip(round_trip);
        let start = Instant::now();
        let mut stream = TcpStream::connect(proxy.address()).unwrap();
        exchange(&mut stream, b"hello");
        assert!(start.elapsed() >= 2 * round_trip, "connecting is one, the exchange the other");
        assert!(exchange(&mut stream, b"again") >= round_trip);
        assert_eq!(proxy.connections(), 1);
    }

    #[test]
    fn everything_arrives_whole_and_so_does_the_end() {
        let proxy = DelayProxy::start(echo()).unwrap();
        proxy.set_round_trip(Duration::from_millis(2));
        let mut stream = TcpStream::connect(proxy.address()).unwrap();
        let sent: Vec<u8> = (0..=255).cycle().take(1 << 20).collect();
        let mut writer = stream.try_clone().unwrap();
        let bytes = sent.clone();
        let writing = thread::spawn(move || {
            writer.write_all(&bytes).unwrap();
            writer.shutdown(Shutdown::Write).unwrap();
        });
        let mut received = Vec::new();
        stream.read_to_end(&mut received).unwrap();
        writing.join().unwrap();
        assert!(received == sent);
    }
}
