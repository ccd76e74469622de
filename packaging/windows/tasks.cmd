rem Windows Task Scheduler. Run once as an administrator; change the paths. Not tried on Windows yet.
schtasks /Create /TN "Weir nightly" /SC DAILY /ST 01:30 /RU "weir" /RP * /TR "C:\Weir\weir.exe --config C:\Weir\estate\weir.toml nightly"
schtasks /Create /TN "Weir watch" /SC MINUTE /MO 5 /RU "weir" /RP * /TR "C:\Weir\weir.exe --config C:\Weir\estate\weir.toml watch --once"
schtasks /Create /TN "Weir listen" /SC ONSTART /RU "weir" /RP * /TR "C:\Weir\weir.exe --config C:\Weir\estate\weir.toml listen"
netsh advfirewall firewall add rule name="Weir syslog" dir=in action=allow program="C:\Weir\weir.exe" enable=yes
