// What robfig/cron says of many schedules, for robfig_test.cpp: README.md has the format.
//
// The cases follow from a fixed seed, this file and tzdata. Most stand around changes of clocks,
// since there the answers are least to be guessed.
package main

import (
	"bufio"
	"fmt"
	"math/rand"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

const ticksMax = 4

var (
	from  = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	until = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	out   = bufio.NewWriter(os.Stdout)
	rnd   = rand.New(rand.NewSource(20260101))
	seen  = map[string]bool{}

	accepted, refused, starts, ticks, loops, backward int
)

// Zones with something of their own: changes at midnight, at 00:01, by half an hour, by two or three
// hours, a whole day left out, negative daylight saving, a month of fasting.
var zones = []string{
	"Europe/Paris", "Europe/London", "Europe/Dublin", "Europe/Volgograd", "America/New_York",
	"America/St_Johns", "America/Sao_Paulo", "America/Havana", "America/Asuncion",
	"America/Santiago", "America/Caracas", "America/Nuuk", "America/Scoresbysund",
	"Atlantic/Azores", "Africa/Casablanca", "Africa/Cairo", "Asia/Kathmandu", "Asia/Tehran",
	"Asia/Beirut", "Asia/Amman", "Asia/Gaza", "Asia/Baghdad", "Asia/Pyongyang",
	"Australia/Lord_Howe", "Australia/Sydney", "Pacific/Apia", "Pacific/Chatham", "Pacific/Fiji",
	"Antarctica/Troll", "Antarctica/Casey",
}

func parse(expression string) (schedule cron.Schedule, err error) {
	defer func() { // robfig panics on a zone without a space behind it
		if recover() != nil {
			err = fmt.Errorf("panic")
		}
	}()
	return cron.ParseStandard(expression)
}

// In a zone that leaves out a whole day robfig's search for a day does not end.
func doesNotEnd(schedule cron.Schedule, start time.Time) bool {
	spec, ok := schedule.(*cron.SpecSchedule)
	if !ok || (spec.Location.String() != "Pacific/Apia" && spec.Location.String() != "Pacific/Fakaofo") {
		return false
	}
	days, month := uint64(0xFFFFFFFE), uint64(0x1FFE)
	isEveryDay := spec.Dom&days == days && spec.Dow&0x7F == 0x7F && spec.Month&month == month
	return !isEveryDay && start.Year() >= 2006 && start.Before(time.Date(2012, 1, 2, 0, 0, 0, 0, time.UTC))
}

// A field without any value ("," for one): accepted by robfig, and never due.
func isNever(schedule cron.Schedule) bool {
	spec, ok := schedule.(*cron.SpecSchedule)
	return ok && (spec.Minute == 0 || spec.Hour == 0 || spec.Dom == 0 || spec.Month == 0 || spec.Dow == 0)
}

func tickLine(schedule cron.Schedule, start time.Time) string {
	var line strings.Builder
	fmt.Fprintf(&line, "%d", start.UnixMilli())
	at := start.Truncate(time.Second)
	written := 0
	for next := start; written < ticksMax; written++ {
		if doesNotEnd(schedule, next) {
			loops++
			break
		}
		before := next
		next = schedule.Next(next)
		if next.IsZero() {
			line.WriteString(" -")
			ticks++
			written++
			break
		}
		if !next.After(before) {
			backward++
			break
		}
		if next.After(until) {
			break
		}
		fmt.Fprintf(&line, " %d", next.Unix()-at.Unix())
		ticks++
		at = next
	}
	if written == 0 {
		return ""
	}
	return line.String()
}

func check(expression string, times ...time.Time) {
	if seen[expression] && len(times) == 0 || len(expression) > 255 {
		return
	}
	schedule, err := parse(expression)
	if err != nil {
		if !seen[expression] {
			refused++
			fmt.Fprintf(out, "! \"%s\"\n", expression)
		}
		seen[expression] = true
		return
	}
	if isNever(schedule) {
		return
	}
	var lines []string
	for _, start := range times {
		if line := tickLine(schedule, start); line != "" {
			lines = append(lines, line)
		}
	}
	seen[expression] = true
	accepted++
	starts += len(lines)
	fmt.Fprintf(out, "= \"%s\"\n", expression)
	for _, line := range lines {
		fmt.Fprintln(out, line)
	}
}

func anyTime() time.Time {
	return time.UnixMilli(from.UnixMilli() + rnd.Int63n(until.UnixMilli()-from.UnixMilli())).UTC()
}

func changesOf(location *time.Location) []time.Time {
	var changes []time.Time
	for at := from; ; {
		_, end := at.In(location).ZoneBounds()
		if end.IsZero() || !end.Before(until) {
			return changes
		}
		if end.After(from) {
			changes = append(changes, end)
		}
		at = end
	}
}

// Expressions about a time of day that the clocks leave out, show twice or come near to.
func aroundTime(at time.Time) []string {
	m, h, d, mo, wd := at.Minute(), at.Hour(), at.Day(), int(at.Month()), int(at.Weekday())
	return []string{
		fmt.Sprintf("%d %d * * *", m, h),
		fmt.Sprintf("%d %d %d %d *", m, h, d, mo),
		fmt.Sprintf("%d %d * * %d", m, h, wd),
		fmt.Sprintf("%d %d %d * %d", m, h, d, (wd+3)%7),
		fmt.Sprintf("*/20 %d * * *", h),
		fmt.Sprintf("%d * * * *", m),
		fmt.Sprintf("*/30 %d-%d * %d *", max(h-1, 0), min(h+2, 23), mo),
		"0 0 * * *",
		fmt.Sprintf("0 0 * * %d", wd),
		fmt.Sprintf("0 0 %d * *", d),
		"0 0 1 * *",
		fmt.Sprintf("%d 0,%d */2 * *", m, h),
		fmt.Sprintf("59 23 %d,%d * *", d, max(d-1, 1)),
		"0 */2 * * 1-5",
		fmt.Sprintf("15,45 * %d %d ?", d, mo),
	}
}

func aroundChange(zone string, location *time.Location, change time.Time) {
	minutes := []int{-90, -61, -60, -30, -1, 0, 1, 15, 30, 45, 59, 60, 89, 120}
	_, before := change.Add(-time.Second).In(location).Zone()
	wall := change.Add(time.Duration(before) * time.Second).UTC() // as if the clocks had gone on
	texts := aroundTime(wall.Add(time.Duration(minutes[rnd.Intn(len(minutes))]) * time.Minute))
	rnd.Shuffle(len(texts), func(i, j int) { texts[i], texts[j] = texts[j], texts[i] })
	offsets := []time.Duration{
		-50 * time.Hour, -25 * time.Hour, -3 * time.Hour, -90 * time.Minute, -time.Hour,
		-30 * time.Minute, -time.Second, -time.Millisecond, 0, time.Second, 10 * time.Minute,
		30*time.Minute + 500*time.Millisecond, time.Hour, 90 * time.Minute, 23 * time.Hour,
	}
	for _, text := range texts[:6] {
		var times []time.Time
		for _, i := range rnd.Perm(len(offsets))[:5] {
			times = append(times, change.Add(offsets[i]))
		}
		check("TZ="+zone+" "+text, times...)
	}
}

func changesOfClocks() {
	for _, zone := range zones {
		location, err := time.LoadLocation(zone)
		if err != nil {
			panic(err)
		}
		changes := changesOf(location)
		rnd.Shuffle(len(changes), func(i, j int) { changes[i], changes[j] = changes[j], changes[i] })
		for _, change := range changes[:min(len(changes), 14)] {
			aroundChange(zone, location, change)
		}
	}
}

var bounds = [5][2]int{{0, 59}, {0, 23}, {1, 31}, {1, 12}, {0, 6}}
var words = [5]string{3: "jan feb mar apr may jun jul aug sep oct nov dec", 4: "sun mon tue wed thu fri sat"}

func value(field int) string {
	number := bounds[field][0] + rnd.Intn(bounds[field][1]-bounds[field][0]+1)
	names := strings.Fields(words[field])
	if len(names) > 0 && rnd.Intn(3) == 0 {
		name := names[number-bounds[field][0]]
		return []string{name, strings.ToUpper(name), strings.ToUpper(name[:1]) + name[1:]}[rnd.Intn(3)]
	}
	return fmt.Sprint(number)
}

func oneRange(field int) string {
	text := value(field)
	switch rnd.Intn(4) {
	case 0:
		text = "*"
	case 1:
		text += "-" + value(field) // half of these end before they begin
	}
	if rnd.Intn(3) == 0 {
		text += fmt.Sprintf("/%d", 1+rnd.Intn(bounds[field][1]))
	}
	return text
}

func anyField(field int) string {
	switch rnd.Intn(6) {
	case 0, 1:
		return "*"
	case 2:
		return "?"
	case 3:
		return oneRange(field) + "," + oneRange(field)
	}
	return oneRange(field)
}

func anyFields() string {
	var fields []string
	for field := range bounds {
		fields = append(fields, anyField(field))
	}
	return strings.Join(fields, " ")
}

func anyPrefix() string {
	prefixes := []string{"", "TZ=UTC ", "CRON_TZ=" + zones[rnd.Intn(len(zones))] + " ",
		"TZ=" + zones[rnd.Intn(len(zones))] + " "}
	return prefixes[rnd.Intn(len(prefixes))]
}

// One character more, less or another, once to three times.
func spoiled(text string) string {
	const alphabet = "0123456789*?/-,+ \t@JANmonx.7"
	for n := 1 + rnd.Intn(3); n > 0 && len(text) > 0; n-- {
		at := rnd.Intn(len(text))
		c := string(alphabet[rnd.Intn(len(alphabet))])
		switch rnd.Intn(3) {
		case 0:
			text = text[:at] + c + text[at:]
		case 1:
			text = text[:at] + text[at+1:]
		default:
			text = text[:at] + c + text[at+1:]
		}
	}
	return text
}

func anyDuration() string {
	units := []string{"h", "m", "s", "ms", "us", "µs", "ns", "d", ""}
	text := []string{"", "", "", "-", "+"}[rnd.Intn(5)]
	for n := 1 + rnd.Intn(3); n > 0; n-- {
		text += fmt.Sprint(rnd.Intn(100))
		if rnd.Intn(3) == 0 {
			text += fmt.Sprintf(".%d", rnd.Intn(1000))
		}
		text += units[min(rnd.Intn(len(units)+2), len(units)-1)]
	}
	return text
}

func writtenByHand() {
	for _, text := range []string{
		"", " ", "*", "* * * *", "* * * * * *", "0 0 0 * *", "0 0 32 * *", "60 * * * *", "* 24 * * *",
		"* * * 0 *", "* * * 13 *", "* * * * 7", "* * * * 0-7", "* * * * SAT-SUN", "* * * FOO *",
		"* * * * MONDAY", "*/0 * * * *", "*/-1 * * * *", "*/ * * * *", "/5 * * * *", "5- * * * *",
		"-5 * * * *", "1-2-3 * * * *", "1/2/3 * * * *", "5-1 * * * *", "1.5 * * * *", "0x5 * * * *",
		"99999999999999999999 * * * *", "*/99999999999999999999 * * * *", "L * * * *", "* * L * *",
		"* * 15W * *", "* * * * 5#3", "@", "@foo", "@Daily", "@daily ", " @daily", "@daily x",
		"@reboot", "@every", "@every ", "@every 5", "@every 1d", "@every 1h ", "@every  1h", "@every x",
		"@every 2562048h", "TZ=", "TZ=UTC", "TZ=UTC ", "TZ=Mars/Base * * * * *", "CRON_TZ=UTC",
		"TZ=europe/paris * * * * *", "TZ=+02:00 * * * * *", "TZ=Z * * * * *", "TZ=../UTC * * * * *",
		"TZ=/etc/localtime * * * * *", "TZ=Europe * * * * *", "tz=UTC * * * * *", " TZ=UTC * * * * *",
		"TZ =UTC * * * * *", "TZ=UTC\t* * * * *", "TZ=TZ=UTC * * * * *", "TZ=UTC TZ=UTC * * * * *",
	} {
		check(text)
	}
	for _, text := range []string{
		"* * * * *", "  *\t*  * * *  ", "*\u00a0*\u2003*\u3000*\u0085*", "*/5 * * * *", "5/15 * * * *",
		"1-30/7 * * * *", "+5 * * * *", "007 * * * *", "1,,2 * * * *", ",3 * * * *", "*-5 * * * *",
		"*-x/7 * * * *", "?/2 ? ? ? ?", "*/9223372036854775807 * * * *", "0 0 30 2 *", "0 0 31 2 *",
		"0 0 29 2 *", "0 0 31 4,6,9,11 *", "0 0 31 2 1", "0 0 31 */2 *", "0 0 13 * FRI", "0 0 13 * ?",
		"0 0 */1 * 5", "0 0 */2 * 5", "0 0 1-31 * 5", "0 0 ? * mon-FRI", "0 0 13 * *,5",
		"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly",
		"@every 1ns", "@every 0", "@every -1h", "@every 1s", "@every 1.999s", "@every 1h30m",
		"@every 0.7h", "@every 90m30s500ms", "@every 8760h", "TZ=UTC @daily", "TZ= @hourly",
		"TZ=Europe/Paris @daily", "CRON_TZ=America/Sao_Paulo  @weekly ", "TZ=Asia/Tokyo @every 10m",
		"TZ= 0 0 * * *", "TZ=UTC   0 0 * * *", "TZ=America/New_York\u00a0 0 0 * * *",
		"CRON_TZ=US/Eastern 30 2 * * *", "TZ=Etc/GMT+5 0 12 * * *", "TZ=EST5EDT 0 2 * * 0",
	} {
		check(text, anyTime(), anyTime(), anyTime(), anyTime())
	}
}

func main() {
	time.Local = time.UTC // the zone of schedules that name none
	writtenByHand()
	changesOfClocks()
	for i := 0; i < 1500; i++ {
		check(anyPrefix()+anyFields(), anyTime(), anyTime())
	}
	for i := 0; i < 2500; i++ {
		check(spoiled(anyFields()), anyTime())
	}
	for i := 0; i < 300; i++ {
		check("@every "+anyDuration(), anyTime())
	}
	out.Flush()
	fmt.Fprintf(os.Stderr, "%s: %d expressions accepted, %d refused; %d starts, %d ticks; left out: "+
		"%d searches without end, %d answers that go back\n",
		runtime.Version(), accepted, refused, starts, ticks, loops, backward)
}
