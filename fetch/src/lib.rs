//! Exports pulled from where a filter leaves them: an SFTP server, a bucket.
