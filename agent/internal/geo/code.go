package geo

import (
	"strings"
	"sync"
)

// Code gives a country as two small letters, of its code or of its English name, as logs write it; "" when the word is neither.
func Code(word string) string {
	word = strings.ToLower(strings.TrimSpace(word))
	return countries()[word]
}

// countries are the codes by name, and by themselves.
var countries = sync.OnceValue(func() map[string]string {
	all := map[string]string{}
	for row := range strings.SplitSeq(table, ";") {
		code, names, _ := strings.Cut(strings.TrimSpace(row), " ")
		if code == "" {
			continue
		}
		all[code] = code
		for name := range strings.SplitSeq(names, "/") {
			all[name] = code
		}
	}
	return all
})

// table has the codes of ISO 3166-1 with the names of Unicode's CLDR and what logs write instead.
const table = `
ad andorra;ae united arab emirates/uae;af afghanistan;ag antigua and barbuda;ai anguilla;al albania;am armenia;ao angola;
aq antarctica;ar argentina;as american samoa;at austria;au australia;aw aruba;ax åland islands;az azerbaijan;
ba bosnia and herzegovina;bb barbados;bd bangladesh;be belgium;bf burkina faso;bg bulgaria;bh bahrain;bi burundi;bj benin;
bl saint barthélemy;bm bermuda;bn brunei/brunei darussalam;bo bolivia/bolivia, plurinational state of;bq caribbean netherlands;
br brazil;bs bahamas/the bahamas;bt bhutan;bv bouvet island;bw botswana;by belarus;bz belize;ca canada;
cc cocos (keeling) islands;cd democratic republic of the congo/congo, democratic republic of the;cf central african republic;
cg congo;ch switzerland;ci côte d'ivoire/ivory coast/cote d'ivoire;ck cook islands;cl chile;cm cameroon;cn china;co colombia;
cr costa rica;cu cuba;cv cape verde/cabo verde;cw curaçao/curacao;cx christmas island;cy cyprus;cz czechia/czech republic;
de germany;dj djibouti;dk denmark;dm dominica;do dominican republic;dz algeria;ec ecuador;ee estonia;eg egypt;eh western sahara;
er eritrea;es spain;et ethiopia;fi finland;fj fiji;fk falkland islands;fm micronesia/micronesia, federated states of;
fo faroe islands;fr france;ga gabon;gb united kingdom/great britain/uk/united kingdom of great britain and northern ireland;
gd grenada;ge georgia;gf french guiana;gg guernsey;gh ghana;gi gibraltar;gl greenland;gm gambia/the gambia;gn guinea;
gp guadeloupe;gq equatorial guinea;gr greece;gs south georgia and south sandwich islands;gt guatemala;gu guam;gw guinea-bissau;
gy guyana;hk hong kong/hong kong sar china;hm heard and mcdonald islands;hn honduras;hr croatia;ht haiti;hu hungary;
id indonesia;ie ireland;il israel;im isle of man;in india;io british indian ocean territory;iq iraq;
ir iran/iran, islamic republic of;is iceland;it italy;je jersey;jm jamaica;jo jordan;jp japan;ke kenya;kg kyrgyzstan;
kh cambodia;ki kiribati;km comoros;kn saint kitts and nevis;kp north korea/korea, democratic people's republic of;
kr south korea/korea, republic of/republic of korea;kw kuwait;ky cayman islands;kz kazakhstan;
la laos/lao people's democratic republic;lb lebanon;lc saint lucia;li liechtenstein;lk sri lanka;lr liberia;ls lesotho;
lt lithuania;lu luxembourg;lv latvia;ly libya;ma morocco;mc monaco;md moldova/moldova, republic of/republic of moldova;
me montenegro;mf saint martin;mg madagascar;mh marshall islands;mk macedonia/republic of north macedonia;ml mali;mm myanmar;
mn mongolia;mo macao/macau;mp northern mariana islands;mq martinique;mr mauritania;ms montserrat;mt malta;mu mauritius;
mv maldives;mw malawi;mx mexico;my malaysia;mz mozambique;na namibia;nc new caledonia;ne niger;nf norfolk island;ng nigeria;
ni nicaragua;nl netherlands/the netherlands;no norway;np nepal;nr nauru;nu niue;nz new zealand;om oman;pa panama;pe peru;
pf french polynesia;pg papua new guinea;ph philippines;pk pakistan;pl poland;pm saint pierre and miquelon;pn pitcairn islands;
pr puerto rico;ps palestine;pt portugal;pw palau;py paraguay;qa qatar;re réunion/reunion;ro romania;rs serbia;
ru russia/russian federation;rw rwanda;sa saudi arabia;sb solomon islands;sc seychelles;sd sudan;se sweden;sg singapore;
sh saint helena;si slovenia;sj svalbard and jan mayen;sk slovakia;sl sierra leone;sm san marino;sn senegal;so somalia;
sr suriname;ss south sudan;st são tomé and príncipe;sv el salvador;sx sint maarten;sy syria/syrian arab republic;sz swaziland;
tc turks and caicos islands;td chad;tf french southern territories;tg togo;th thailand;tj tajikistan;tk tokelau;
tl timor-leste/east timor;tm turkmenistan;tn tunisia;to tonga;tr turkey/türkiye;tt trinidad and tobago;tv tuvalu;
tw taiwan/taiwan, province of china;tz tanzania/tanzania, united republic of;ua ukraine;ug uganda;um u.s. outlying islands;
us united states/united states of america/usa;uy uruguay;uz uzbekistan;va vatican city/holy see;vc saint vincent and grenadines;
ve venezuela/venezuela, bolivarian republic of;vg british virgin islands;vi u.s. virgin islands;vn vietnam/viet nam;vu vanuatu;
wf wallis and futuna;ws samoa;xk kosovo;ye yemen;yt mayotte;za south africa;zm zambia;zw zimbabwe;`
