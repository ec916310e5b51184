// Package sample makes the records that the benchmarks carry: files of the size that the measurements of the design were
// made with, about 580 bytes each.
package sample

import (
	"fmt"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

// people is after how many records the fields repeat.
const people = 1000

// File gives record number i. Ids sort as their numbers do.
func File(i int) *sdk.File {
	at := sdk.At(time.Unix(1_700_000_000, 0))
	name := fmt.Sprintf("Quarterly report %09d.xlsx", i%people)
	f := &sdk.File{
		Id: ID(i), Name: new(name), Path: new("/Shared/Finance/2026/Reports/Quarterly/" + name), SizeBytes: new(int64(i%people)*100 + 1),
		Url: new(fmt.Sprintf("https://files.example.com/d/file-%020d/view", i%people)), Type: new("file"),
		Mime:      new("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
		CreatedAt: at, ModifiedAt: at, ContentHash: new("sha256:9f86d081884c7d659a2feaa0c55ad015"), Version: new("17"),
		Owner: person(i), ModifiedBy: person(i + 1), AccessLevel: new("link"), Access: &sdk.AccessList{Complete: true},
	}
	for j := range 3 {
		f.Access.Items = append(f.Access.Items, &sdk.Access{Principal: person(i + j), Role: new("editor")})
	}
	return f
}

// idDigits are those of an id's number.
const idDigits = 20

// ID is the id of record number i.
func ID(i int) string {
	b := []byte("file-00000000000000000000")
	for at := len(b) - 1; i > 0 && at >= len(b)-idDigits; at-- {
		b[at] = byte('0' + i%10)
		i /= 10
	}
	return string(b)
}

// Renumber makes a file record number i. All but the id stays, since making records is not what is measured.
func Renumber(f *sdk.File, i int) { f.Id = ID(i) }

func person(i int) *sdk.Ref { return sdk.To(sdk.KindAccount, fmt.Sprintf("user-%08d", i%people)) }
