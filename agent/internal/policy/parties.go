package policy

import (
	"strings"

	"github.com/mooring-hq/mooring/agent/internal/config"
)

// The parties that are no partner's name.
const (
	Ours     = "ours"
	Personal = "personal"
	Other    = "other"
)

// Parties knows whose a domain is. It does not change.
type Parties struct {
	domains map[string]string
	ours    bool // some domain of ours is known
}

// NewParties takes who "we" are: what the configuration says, and otherwise the domains that connectors report.
func NewParties(o config.Organization, reported ...string) *Parties {
	p := &Parties{domains: map[string]string{}}
	for d := range strings.FieldsSeq(freeMail) {
		p.domains[d] = Personal
	}
	for _, d := range o.Personal {
		p.domains[d] = Personal
	}
	for _, partner := range o.Partners {
		for _, d := range partner.Domains {
			p.domains[d] = partner.Name
		}
	}
	ours := o.Domains
	if len(ours) == 0 {
		ours = reported
	}
	for _, d := range ours {
		p.domains[strings.ToLower(d)], p.ours = Ours, true
	}
	return p
}

// Party says whose a domain is. A domain below that of a partner is the partner's; one below ours is not ours, since who can
// get an address there is another question. While no domain of ours is known, who is nobody's might be ours.
func (p *Parties) Party(domain string) (name string, known bool) {
	domain = strings.ToLower(strings.TrimSuffix(domain, "."))
	if name, ok := p.domains[domain]; ok {
		return name, true
	}
	for rest := domain; ; {
		_, after, found := strings.Cut(rest, ".")
		if !found {
			break
		}
		if name, ok := p.domains[after]; ok && name != Ours && name != Personal {
			return name, true
		}
		rest = after
	}
	return Other, p.ours
}

// freeMail are domains where anybody gets an address for nothing.
const freeMail = `
126.com 163.com aol.com aol.de bigpond.com bluewin.ch bol.com.br btinternet.com comcast.net cox.net daum.net duck.com email.cz
fastmail.com fastmail.fm foxmail.com free.fr freenet.de gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.net googlemail.com hanmail.net
hey.com hotmail.be hotmail.co.uk hotmail.com hotmail.de hotmail.es hotmail.fr hotmail.it hushmail.com icloud.com inbox.lv inbox.ru
interia.pl laposte.net libero.it list.ru live.co.uk live.com live.de live.fr live.nl mac.com mail.com mail.ee mail.ru mailbox.org
mailfence.com me.com msn.com naver.com o2.pl onet.pl op.pl orange.fr outlook.com outlook.de outlook.es outlook.fr outlook.it
pm.me posteo.de posteo.net proton.me protonmail.ch protonmail.com qq.com rambler.ru rediffmail.com riseup.net rocketmail.com
sbcglobal.net seznam.cz sfr.fr sina.com skynet.be sky.com t-online.de telenet.be terra.com.br tiscali.it tuta.com tuta.io
tutamail.com tutanota.com tutanota.de uol.com.br verizon.net virgilio.it wanadoo.fr web.de wp.pl yahoo.ca yahoo.co.in yahoo.co.jp
yahoo.co.uk yahoo.com yahoo.com.br yahoo.de yahoo.es yahoo.fr yahoo.it yandex.com yandex.ru yeah.net ymail.com zoho.com zohomail.com`
