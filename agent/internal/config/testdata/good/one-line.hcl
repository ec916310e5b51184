agent { data_dir = "/var/lib/mooring" }
