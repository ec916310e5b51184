package health

// DiskOf is Disk with a space of the test's.
func DiskOf(space func() (free, all uint64, err error)) func() []Report { return disk("/data", space) }
