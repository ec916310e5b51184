package syntax

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Units of time; a day has 24 hours.
const (
	Day  = 24 * time.Hour
	Week = 7 * Day
)

var units = []struct {
	name string
	size time.Duration
}{{"ms", time.Millisecond}, {"s", time.Second}, {"m", time.Minute}, {"h", time.Hour}, {"d", Day}, {"w", Week}}

// ParseDuration reads a time like "90d", "1w2d", "1h30m" or "1.5h".
func ParseDuration(s string) (time.Duration, error) {
	if s == "" {
		return 0, errors.New("it is empty")
	}
	var total float64
	for rest := s; rest != ""; {
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789."))
		if digits == 0 {
			return 0, fmt.Errorf("a number is missing in %q", Short(s))
		}
		n, err := strconv.ParseFloat(rest[:digits], 64)
		if err != nil {
			return 0, fmt.Errorf("%q is not a number", Short(rest[:digits]))
		}
		rest = rest[digits:]
		letters := len(rest) - len(strings.TrimLeft(rest, "abcdefghijklmnopqrstuvwxyz"))
		size, err := unit(rest[:letters])
		if err != nil {
			return 0, err
		}
		total += n * float64(size)
		rest = rest[letters:]
	}
	if total >= math.MaxInt64 {
		return 0, errors.New("it is too long")
	}
	return time.Duration(total), nil
}

func unit(name string) (time.Duration, error) {
	for _, u := range units {
		if u.name == name {
			return u.size, nil
		}
	}
	if name == "" {
		return 0, errors.New("the unit is missing")
	}
	return 0, fmt.Errorf("there is no unit %q (ms, s, m, h, d, w)", Short(name))
}

// FormatDuration writes a time in its largest whole unit, as ParseDuration reads it.
func FormatDuration(d time.Duration) string {
	for _, unit := range slices.Backward(units) {
		if u := unit; d != 0 && d%u.size == 0 && u.name != "w" {
			return fmt.Sprintf("%d%s", d/u.size, u.name)
		}
	}
	return d.String()
}
