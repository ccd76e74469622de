//! A real Chromium, driven through a pipe by its own protocol: opens pages, fills in forms as a person would, tells what it sees.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// A browser with one page; it ends with this.
pub struct Browser {
    child: Child,
    to: File,
    from: BufReader<File>,
    session: String,
    count: u64,
    complaints: Vec<String>,
    _folder: tempfile::TempDir,
}

impl Browser {
    /// Starts Chromium; none where there is none.
    pub fn start() -> Option<Self> {
        Command::new("chromium").arg("--version").output().ok().filter(|ran| ran.status.success())?;
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (to, from) = (folder.path().join("to"), folder.path().join("from"));
        assert!(Command::new("mkfifo").arg(&to).arg(&from).status().expect("mkfifo").success());
        let chromium = "exec chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
                        --disable-component-update --disable-sync --remote-debugging-pipe --user-data-dir=\"$2\" about:blank 3<\"$0\" 4>\"$1\"";
        let child = Command::new("sh")
            .args(["-c", chromium])
            .arg(&to)
            .arg(&from)
            .arg(folder.path().join("profile"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell");
        let to = OpenOptions::new().write(true).open(&to).expect("the browser listens");
        let from = BufReader::new(File::open(&from).expect("the browser answers"));
        let mut browser = Self { child, to, from, session: String::new(), count: 0, complaints: Vec::new(), _folder: folder };
        let target = browser.call("Target.createTarget", json!({"url": "about:blank"}))["targetId"].clone();
        let session = browser.call("Target.attachToTarget", json!({"targetId": target, "flatten": true}));
        browser.session = session["sessionId"].as_str().expect("a session").to_owned();
        for domain in ["Page.enable", "Log.enable", "Runtime.enable"] {
            browser.call(domain, json!({}));
        }
        Some(browser)
    }

    fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.try_call(method, parameters).unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    fn try_call(&mut self, method: &str, parameters: Value) -> Result<Value, Value> {
        self.count += 1;
        let mut message = json!({"id": self.count, "method": method, "params": parameters});
        if !self.session.is_empty() {
            message["sessionId"] = self.session.as_str().into();
        }
        self.to.write_all(format!("{message}\0").as_bytes()).expect("the browser listens");
        loop {
            let mut bytes = Vec::new();
            self.from.read_until(0, &mut bytes).expect("the browser answers");
            assert_eq!(bytes.pop(), Some(0), "the browser has ended");
            let answer: Value = serde_json::from_slice(&bytes).expect("JSON");
            if answer["method"] == "Log.entryAdded" && answer["params"]["entry"]["level"] == "error" {
                self.complaints.push(answer["params"]["entry"]["text"].to_string());
            }
            if answer["id"] == self.count {
                let error = &answer["error"];
                return if error.is_null() { Ok(answer["result"].clone()) } else { Err(error.clone()) };
            }
        }
    }

    /// The value of an expression in the page.
    pub fn value(&mut self, expression: &str) -> Value {
        let answer =
            self.call("Runtime.evaluate", json!({"expression": expression, "returnByValue": true, "awaitPromise": true}));
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Runs a script in the page that gives nothing.
    pub fn run(&mut self, script: &str) {
        let answer = self.call("Runtime.evaluate", json!({"expression": script}));
        assert!(answer["exceptionDetails"].is_null(), "{}", answer["exceptionDetails"]);
    }

    /// The text of the first element that a selector finds; empty where there is none.
    pub fn text(&mut self, selector: &str) -> String {
        let value = self.value(&format!("document.querySelector({})?.innerText ?? ''", json!(selector)));
        value.as_str().unwrap_or_default().to_owned()
    }

    /// Opens an address and waits for its page.
    pub fn open(&mut self, address: &str) {
        self.value("window.weirOld = true");
        self.call("Page.navigate", json!({"url": address}));
        self.wait_for_page(address);
    }

    /// Types into fields, by their ids, and sends the form with the button of these words; waits for the page that comes.
    pub fn send(&mut self, fields: &[(&str, &str)], button: &str) {
        for (id, text) in fields {
            assert_eq!(self.value(&format!("!!document.getElementById({})", json!(id))), true, "no field {id}");
            self.value(&format!("document.getElementById({}).focus()", json!(id)));
            self.call("Input.insertText", json!({"text": text}));
        }
        let click = format!(
            "(() => {{ const all = [...document.querySelectorAll('main button, .reader button, main a')]; \
             const one = all.find(b => b.innerText.trim() === {}); if (one) window.weirOld = true; one?.click(); return !!one; }})()",
            json!(button)
        );
        assert_eq!(self.value(&click), true, "no button {button:?} on {}", self.address());
        self.wait_for_page(button);
    }

    /// Chooses from lists and ticks boxes, by their ids: a list's value, or "yes" for a box.
    pub fn choose(&mut self, fields: &[(&str, &str)]) {
        for (id, value) in fields {
            let set = format!(
                "(() => {{ const e = document.getElementById({}); if (!e) return 'missing'; if (e.type === 'checkbox') e.checked = true; \
                 else e.value = {}; return e.type === 'checkbox' || e.value === {} ? '' : 'refused'; }})()",
                json!(id),
                json!(value),
                json!(value)
            );
            assert_eq!(self.value(&set), "", "{id} = {value} on {}", self.address());
        }
    }

    /// Runs a script that leads to another page, and waits for that.
    pub fn leave(&mut self, script: &str) {
        self.value(&format!("window.weirOld = true; {script}"));
        self.wait_for_page(script);
    }

    /// Presses a key and lets it go.
    pub fn press(&mut self, key: &str, code: u32) {
        for kind in ["rawKeyDown", "keyUp"] {
            self.call(
                "Input.dispatchKeyEvent",
                json!({"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "nativeVirtualKeyCode": code}),
            );
        }
    }

    /// Makes the screen so many pixels wide; 0 is the browser's own width.
    pub fn set_width(&mut self, width: u32) {
        match width {
            0 => self.call("Emulation.clearDeviceMetricsOverride", json!({})),
            _ => self.call(
                "Emulation.setDeviceMetricsOverride",
                json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}),
            ),
        };
    }

    /// Has the reader prefer something, as a dark scheme; an empty value is the browser's own.
    pub fn prefer(&mut self, what: &str, value: &str) {
        self.call("Emulation.setEmulatedMedia", json!({"features": [{"name": what, "value": value}]}));
    }

    fn wait_for_page(&mut self, what: &str) {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            let is_there = json!({"expression": "!window.weirOld && document.readyState === 'complete'", "returnByValue": true});
            // While one page gives way to the next there is nothing to ask.
            if self.try_call("Runtime.evaluate", is_there).is_ok_and(|state| state["result"]["value"] == true) {
                return;
            }
            assert!(Instant::now() < until, "no page after {what}");
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// Where the browser is.
    pub fn address(&mut self) -> String {
        self.value("location.href").as_str().unwrap_or_default().to_owned()
    }

    /// What the browser itself found wrong: a script or style that the page's policy refused, a file that is not there.
    pub fn complaints(&self) -> &[String] {
        &self.complaints
    }

    /// Keeps a picture of the page at two widths in the folder `WEIR_PICTURES` names, for people to look at.
    pub fn picture(&mut self, name: &str) {
        let Some(folder) = std::env::var_os("WEIR_PICTURES") else { return };
        for width in [1280, 390] {
            self.set_width(width);
            let picture = self.call("Page.captureScreenshot", json!({"captureBeyondViewport": true}));
            let path = std::path::Path::new(&folder).join(format!("{name}-{width}.base64"));
            std::fs::write(path, picture["data"].as_str().unwrap_or_default()).expect("a picture");
        }
        self.set_width(0);
    }

    /// Whether anything is wider than a small phone.
    pub fn is_wider_than_a_phone(&mut self) -> bool {
        self.set_width(320);
        let wide = self.value("document.documentElement.scrollWidth > 320");
        self.set_width(0);
        wide == true
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
