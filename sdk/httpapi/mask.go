package httpapi

import (
	"bytes"
	"net/http"
	"strings"
)

// shortestSecret: what is shorter may stand in a text by chance.
const shortestSecret = 6

// mask takes what authenticated a request out of an answer's text: some providers repeat it in their errors, which are
// shown and logged.
func mask(text []byte, asked, sent *http.Request) []byte {
	for _, secret := range secretsOf(asked, sent) {
		if len(secret) >= shortestSecret {
			text = bytes.ReplaceAll(text, []byte(secret), []byte("[secret]"))
		}
	}
	return text
}

// secretsOf are the values of the headers that the credentials added, and of Authorization wherever it is from.
func secretsOf(asked, sent *http.Request) []string {
	var all []string
	for name, values := range sent.Header {
		if name != "Authorization" && (name == "User-Agent" || asked.Header[name] != nil) {
			continue
		}
		for _, v := range values {
			all = append(all, v[strings.LastIndexByte(v, ' ')+1:])
		}
	}
	if _, password, ok := sent.BasicAuth(); ok {
		all = append(all, password)
	}
	return all
}
