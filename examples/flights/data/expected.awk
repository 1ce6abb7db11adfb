# What the example must print, computed without it:
#   awk -f expected.awk airlines.csv flights-2013-01.csv > expected.txt
BEGIN { FS = "," }
FNR == 1 { file++; next }
file == 1 { name[$1] = $2; code[++airlines] = $1; next }
{ sent++ }
$4 == "NA" { cancelled++; next }
$9 == "NA" { no_arrival++; next }
{ handled++; flights[$10]++; delay[$10] += $9 }
END {
    printf "%-4s  %-28s  %7s  %18s\n", "code", "name", "flights", "mean arrival delay"
    for (i = 1; i <= airlines; i++) {
        c = code[i]
        if (flights[c]) printf "%-4s  %-28s  %7d  %18.2f\n", c, name[c], flights[c], delay[c] / flights[c]
    }
    printf "%d sent, %d handled, %d dead-lettered (%d cancelled, %d no arrival), %d lost\n", \
        sent, handled, cancelled + no_arrival, cancelled, no_arrival, sent - handled - cancelled - no_arrival
}
