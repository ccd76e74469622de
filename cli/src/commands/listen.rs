//! `weir listen`: receives syslog and follows files, until it is told to stop.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use weir_lake::clock;
use weir_lake::estate::{Estate, UnknownSender};
use weir_listen::{Config, Limits, Receiver, Said, Senders};

use crate::Ended;

/// Between two status lines on a terminal.
const STATUS: Duration = Duration::from_secs(10);

/// Receive syslog over UDP, TCP and TLS, and follow log files, into the spool that watch and nightly read
#[derive(Args)]
#[command(after_help = "Examples:
  weir listen                              what a service runs; docs/receiving.md shows one for Linux
  weir --config /srv/weir/weir.toml listen

What it needs in weir.toml:
  [listen]
  tcp = [\"0.0.0.0:5514\"]

  [[source]]
  ...
  from = [\"192.0.2.10\"]                    the filter's own address
  # tail = \"/var/log/squid/access.log\"     or a file on this machine that is followed

Ports below 1024 need a right of their own; 5514 (syslog) and 6514 (TLS) do not. Ctrl-C or SIGTERM reads what has come and ends;
SIGHUP takes new files of TLS.
Exit status: 0 told to stop, 2 refused or failed.")]
pub struct Listen {}

impl Listen {
    pub fn run(self, config: Option<&Path>) -> anyhow::Result<Ended> {
        let estate = super::estate::load(config)?;
        let config = config_of(&estate)?;
        super::runtime()?.block_on(listen(config))
    }
}

fn config_of(estate: &Estate) -> anyhow::Result<Config> {
    let receiving = &estate.receiving;
    let listening = receiving.listen.clone().unwrap_or_default();
    let has_address = !(listening.udp.is_empty() && listening.tcp.is_empty() && listening.tls.is_empty());
    anyhow::ensure!(
        has_address || !receiving.tails.is_empty(),
        "weir.toml says of nothing to receive; give [listen] an address, for example tcp = [\"0.0.0.0:5514\"], and a source its sender, for \
         example from = [\"192.0.2.10\"]; or a source a file to follow, tail = \"/var/log/squid/access.log\". docs/receiving.md shows both"
    );
    let senders = Senders::new(&receiving.senders);
    anyhow::ensure!(
        !has_address || !senders.is_empty() || listening.unknown == UnknownSender::Keep,
        "weir.toml says where to listen and not who sends; give a source its sender, for example from = [\"192.0.2.10\"]. To see who \
         sends at all, set unknown = \"keep\" under [listen] for a while"
    );
    Ok(Config {
        listening,
        senders,
        tails: receiving.tails.clone(),
        spool: receiving.spool.clone(),
        limits: Limits { keep_free: receiving.keep_free, ..Limits::default() },
    })
}

async fn listen(config: Config) -> anyhow::Result<Ended> {
    let tails: Vec<String> = config.tails.iter().map(|(source, path)| format!("{source}: {}", path.display())).collect();
    let said: Said = Arc::new(|text: &str| println!("{} {text}", clock::machine_now().strftime("%H:%M:%SZ")));
    let mut signals = Signals::new()?;
    let receiver = Receiver::start(config, Arc::clone(&said)).await?;
    for (way, address) in receiver.addresses() {
        println!("listening: {} on {address}", way.word());
    }
    if let Some(address) = receiver.metrics_address() {
        println!("metrics: http://{address}/metrics");
    }
    tails.iter().for_each(|tail| println!("following: {tail}"));
    println!("Ctrl-C ends it; weir watch reads what is received");
    let is_terminal = std::io::stdout().is_terminal();
    let counts = receiver.counts();
    let mut last = String::new();
    loop {
        tokio::select! {
            signal = signals.next() => match signal {
                Signal::Stop => break,
                Signal::Reload => receiver.reload(),
            },
            () = tokio::time::sleep(STATUS) => {
                let status = counts.status();
                if is_terminal && status != last {
                    said(&status);
                    last = status;
                }
            }
        }
    }
    said("told to stop; reading what has come");
    let counts = receiver.stop().await;
    said(&counts.status());
    Ok(Ended::Done)
}

/// What a signal asks for.
pub enum Signal {
    /// To end.
    Stop,
    /// To look at the files again.
    Reload,
}

/// The signals of whoever started this.
pub struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    hang_up: tokio::signal::unix::Signal,
}

impl Signals {
    /// Takes the signals from now on; inside a runtime.
    pub fn new() -> std::io::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            Ok(Self {
                interrupt: signal(SignalKind::interrupt())?,
                terminate: signal(SignalKind::terminate())?,
                hang_up: signal(SignalKind::hangup())?,
            })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    /// Waits for the next.
    pub async fn next(&mut self) -> Signal {
        #[cfg(unix)]
        {
            tokio::select! {
                _ = self.interrupt.recv() => Signal::Stop,
                _ = self.terminate.recv() => Signal::Stop,
                _ = self.hang_up.recv() => Signal::Reload,
            }
        }
        #[cfg(not(unix))]
        {
            drop(tokio::signal::ctrl_c().await);
            Signal::Stop
        }
    }
}
