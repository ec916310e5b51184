package record

import "strings"

// Email gives an address as addresses are compared: without blanks around it, ASCII letters small. Nothing else: dots, tags
// and letters that only look alike tell two people apart at some provider. "" when it is no address.
func Email(s string) string {
	s = strings.Trim(s, " \t\r\n")
	at := strings.IndexByte(s, '@')
	if at <= 0 || at == len(s)-1 || at != strings.LastIndexByte(s, '@') {
		return ""
	}
	small := true
	for i := range len(s) {
		switch c := s[i]; {
		case c <= ' ' || c == 0x7f:
			return ""
		case 'A' <= c && c <= 'Z':
			small = false
		}
	}
	if small {
		return s
	}
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
