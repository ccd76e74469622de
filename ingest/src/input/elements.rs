//! An array of JSON objects as one object a line: exports of interfaces for programs are often one array on one line, or set out over many.

use std::io::{self, Read};

/// Whether a text begins as an array of objects.
pub(crate) fn begins(head: &[u8]) -> bool {
    let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    let Some(object) = text.strip_prefix(b"[").map(|rest| rest.trim_ascii_start()).and_then(|rest| rest.strip_prefix(b"{"))
    else {
        return false;
    };
    // A log may write its number in such brackets; an object has a name in quotation marks, or nothing.
    matches!(object.trim_ascii_start().first(), Some(b'"' | b'}'))
}

/// The objects of arrays, each on a line of its own, its own newlines as blanks. What stands between objects and is neither bracket,
/// comma nor blank is given as it is, to the end of its line, so that nothing is lost unseen. Bytes are never held back, so an object of
/// any length passes.
pub(crate) struct Elements {
    inner: Box<dyn Read + Send>,
    raw: Vec<u8>,
    out: Vec<u8>,
    at: usize,
    is_at_start: bool,
    depth: u64,
    in_string: bool,
    is_escaped: bool,
    is_stray: bool,
}

impl Elements {
    pub(crate) fn new(inner: Box<dyn Read + Send>) -> Self {
        Self {
            inner,
            raw: vec![0; 64 << 10],
            out: Vec::new(),
            at: 0,
            is_at_start: true,
            depth: 0,
            in_string: false,
            is_escaped: false,
            is_stray: false,
        }
    }

    fn take(&mut self, byte: u8) {
        if self.is_stray {
            self.out.push(byte);
            self.is_stray = byte != b'\n';
            return;
        }
        if self.depth == 0 {
            match byte {
                b'[' | b']' | b',' | b' ' | b'\t' | b'\r' | b'\n' => {}
                // A byte order mark.
                0xEF | 0xBB | 0xBF if self.is_at_start => return,
                b'{' => {
                    self.depth = 1;
                    self.out.push(byte);
                }
                _ => {
                    self.is_stray = true;
                    self.out.push(byte);
                }
            }
            self.is_at_start = false;
            return;
        }
        let is_newline = matches!(byte, b'\n' | b'\r');
        self.out.push(if is_newline { b' ' } else { byte });
        if self.in_string {
            self.in_string = self.is_escaped || byte != b'"';
            self.is_escaped = !self.is_escaped && byte == b'\\';
            return;
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => {
                self.depth -= 1;
                if self.depth == 0 {
                    self.out.push(b'\n');
                }
            }
            _ => {}
        }
    }
}

impl Read for Elements {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.out.len() {
            let mut raw = std::mem::take(&mut self.raw);
            let read = self.inner.read(&mut raw);
            self.out.clear();
            self.at = 0;
            if let Ok(read) = read {
                raw.iter().take(read).for_each(|byte| self.take(*byte));
            }
            self.raw = raw;
            if read? == 0 {
                return Ok(0);
            }
        }
        let ready = self.out.get(self.at..).unwrap_or_default();
        let count = ready.len().min(buffer.len());
        buffer.iter_mut().zip(ready).for_each(|(to, from)| *to = *from);
        self.at += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time, so that nothing may hang on where a read ends.
    struct Slowly(std::vec::IntoIter<u8>);

    impl Read for Slowly {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let (Some(to), Some(byte)) = (buffer.first_mut(), self.0.next()) else { return Ok(0) };
            *to = byte;
            Ok(1)
        }
    }

    fn elements(text: &str) -> String {
        let mut found = String::new();
        Elements::new(Box::new(Slowly(text.as_bytes().to_vec().into_iter()))).read_to_string(&mut found).unwrap();
        let mut at_once = String::new();
        Elements::new(Box::new(io::Cursor::new(text.as_bytes().to_vec()))).read_to_string(&mut at_once).unwrap();
        assert_eq!(found, at_once);
        found
    }

    #[test]
    fn objects_of_an_array_are_lines() {
        let table = [
            (r#"[{"a":1},{"b":[1,{"c":2}]}]"#, "{\"a\":1}\n{\"b\":[1,{\"c\":2}]}\n"),
            ("\u{feff}[\r\n  {\r\n    \"a\": 1\r\n  },\r\n  {\"b\": 2}\r\n]\r\n", "{      \"a\": 1    }\n{\"b\": 2}\n"),
            // Brackets, commas and quotation marks in a text are text.
            (r#"[{"a":"]},{\"x\\"},{"b":"\\\""}]"#, "{\"a\":\"]},{\\\"x\\\\\"}\n{\"b\":\"\\\\\\\"\"}\n"),
            // An array a line, as batches come.
            ("[{\"a\":1}]\n[{\"b\":2},{}]\n", "{\"a\":1}\n{\"b\":2}\n{}\n"),
            // What is cut stays without its end; what is no object is seen.
            (r#"[{"a":1},{"b":"#, "{\"a\":1}\n{\"b\":"),
            ("[{\"a\":1}]\nthe end\n[{\"b\":2}]", "{\"a\":1}\nthe end\n{\"b\":2}\n"),
        ];
        for (text, wanted) in table {
            assert_eq!(elements(text), wanted, "{text}");
        }
    }

    #[test]
    fn only_arrays_of_objects_begin_so() {
        for (head, wanted) in [
            ("[{\"a\":1}]", true),
            ("\u{feff}\r\n [\n {\n \"a\"", true),
            ("[{}]", true),
            ("{\"a\":[{\"b\":1}]}", false),
            ("[1793869200 10.20.30.41]", false),
            ("[{worker-3}] GET http://www.maps.example/", false),
            ("[", false),
            ("", false),
        ] {
            assert_eq!(begins(head.as_bytes()), wanted, "{head}");
        }
    }
}
