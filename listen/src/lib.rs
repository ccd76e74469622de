//! Receiving logs as they happen: syslog over UDP, TCP and TLS, and files that grow.
