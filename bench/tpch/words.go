package tpch

import (
	"strconv"
	"strings"
)

// The word lists of the benchmark. Words are separated by bars; a word followed by = and a number
// has that weight, else its weight is 1. Misspellings are the benchmark's.
const (
	regionNames = "AFRICA|AMERICA|ASIA|EUROPE|MIDDLE EAST"

	// The number after a nation is the key of its region.
	nationNames = "ALGERIA=0|ARGENTINA=1|BRAZIL=1|CANADA=1|EGYPT=4|ETHIOPIA=0|FRANCE=3|GERMANY=3|INDIA=2|" +
		"INDONESIA=2|IRAN=4|IRAQ=4|JAPAN=2|JORDAN=4|KENYA=0|MOROCCO=0|MOZAMBIQUE=0|PERU=1|CHINA=2|ROMANIA=3|" +
		"SAUDI ARABIA=4|VIETNAM=2|RUSSIA=3|UNITED KINGDOM=3|UNITED STATES=1"

	marketSegments   = "AUTOMOBILE|BUILDING|FURNITURE|HOUSEHOLD|MACHINERY"
	orderPriorities  = "1-URGENT|2-HIGH|3-MEDIUM|4-NOT SPECIFIED|5-LOW"
	returnFlags      = "R|A"
	shipInstructions = "DELIVER IN PERSON|COLLECT COD|TAKE BACK RETURN|NONE"
	shipModes        = "REG AIR|AIR|RAIL|TRUCK|MAIL|FOB|SHIP"

	typeSizes       = "STANDARD|SMALL|MEDIUM|LARGE|ECONOMY|PROMO"
	typeFinishes    = "ANODIZED|BURNISHED|PLATED|POLISHED|BRUSHED"
	typeMetals      = "TIN|NICKEL|BRASS|STEEL|COPPER"
	containerSizes  = "SM|LG|MED|JUMBO|WRAP"
	containerShapes = "CASE|BOX|BAG|JAR|PACK|PKG|CAN|DRUM"

	colors = "almond|antique|aquamarine|azure|beige|bisque|black|blanched|blue|blush|brown|burlywood|burnished|" +
		"chartreuse|chiffon|chocolate|coral|cornflower|cornsilk|cream|cyan|dark|deep|dim|dodger|drab|firebrick|" +
		"floral|forest|frosted|gainsboro|ghost|goldenrod|green|grey|honeydew|hot|indian|ivory|khaki|lace|lavender|" +
		"lawn|lemon|light|lime|linen|magenta|maroon|medium|metallic|midnight|mint|misty|moccasin|navajo|navy|olive|" +
		"orange|orchid|pale|papaya|peach|peru|pink|plum|powder|puff|purple|red|rose|rosy|royal|saddle|salmon|sandy|" +
		"seashell|sienna|sky|slate|smoke|snow|spring|steel|tan|thistle|tomato|turquoise|violet|wheat|white|yellow"
)

// The words of the text, and the shapes of its sentences, see grammar.
const (
	nouns = "packages=40|requests=40|accounts=40|deposits=40|foxes=20|ideas=20|theodolites=20|pinto beans=20|" +
		"instructions=20|dependencies=10|excuses=10|platelets=10|asymptotes=10|courts=5|dolphins=5|multipliers|" +
		"sauternes|warthogs|frets|dinos|attainments|somas|Tiresias|patterns|forges|braids|frays|warhorses|dugouts|" +
		"notornis|epitaphs|pearls|tithes|waters|orbits|gifts|sheaves|depths|sentiments|decoys|realms|pains|" +
		"grouches|escapades|hockey players"

	verbs = "sleep=20|wake=20|are=20|cajole=20|haggle=20|nag=10|use=10|boost=10|affix=5|detect=5|integrate=5|" +
		"maintain|nod|was|lose|sublate|solve|thrash|promise|engage|hinder|print|x-ray|breach|eat|grow|impress|" +
		"mold|poach|serve|run|dazzle|snooze|doze|unwind|kindle|play|hang|believe|doubt"

	adjectives = "special=20|pending=20|unusual=20|express=20|furious|sly|careful|blithe|quick|fluffy|slow|" +
		"quiet|ruthless|thin|close|dogged|daring|brave|stealthy|permanent|enticing|idle|busy|regular=50|final=40|" +
		"ironic=40|even=30|bold=20|silent=10"

	adverbs = "sometimes|always|never|furiously=50|slyly=50|carefully=50|blithely=40|quickly=30|fluffily=20|" +
		"slowly|quietly|ruthlessly|thinly|closely|doggedly|daringly|bravely|stealthily|permanently|enticingly|" +
		"idly|busily|regularly|finally|ironically|evenly|boldly|silently"

	prepositions = "about=50|above=50|according to=50|across=50|after=50|against=40|along=40|alongside of=30|" +
		"among=30|around=20|at=10|atop|before|behind|beneath|beside|besides|between|beyond|by|despite|during|" +
		"except|for|from|in place of|inside|instead of|into|near|of|on|outside|over|past|since|through|" +
		"throughout|to|toward|under|until|up|upon|whithout|with|within"

	auxiliaries = "do|may|might|shall|will|would|can|could|should|ought to|must|will have to|shall have to|" +
		"could have to|should have to|must have to|need to|try to"

	terminators = ".=50|;|:|?|!|--"

	sentenceShapes = "NVT=3|NVPT=3|NVNT=3|NPVNT|NPVPT"
	nounShapes     = "N=10|JN=20|CJN=10|DJN=50"
	verbShapes     = "V=30|XV|VD=40|XVD"
)

// words is the word lists which columns draw from.
type words struct {
	regions          []string
	nations          []weighted
	segments         []string
	priorities       []string
	returnFlags      []string
	shipInstructions []string
	shipModes        []string
	types            []string
	containers       []string
	colors           []string
}

func newWords() *words {
	split := func(list string) []string { return strings.Split(list, "|") }
	return &words{
		regions:          split(regionNames),
		nations:          splitWeighted(nationNames),
		segments:         split(marketSegments),
		priorities:       split(orderPriorities),
		returnFlags:      split(returnFlags),
		shipInstructions: split(shipInstructions),
		shipModes:        split(shipModes),
		types:            cross(cross(split(typeSizes), split(typeFinishes)), split(typeMetals)),
		containers:       cross(split(containerSizes), split(containerShapes)),
		colors:           split(colors),
	}
}

// cross returns every word of left followed by every word of right.
func cross(left, right []string) []string {
	pairs := make([]string, 0, len(left)*len(right))
	for _, l := range left {
		for _, r := range right {
			pairs = append(pairs, l+" "+r)
		}
	}
	return pairs
}

type weighted struct {
	word   string
	weight int
}

// splitWeighted reads a list of this file, all of which are correct or the tests fail.
func splitWeighted(list string) []weighted {
	var result []weighted
	for item := range strings.SplitSeq(list, "|") {
		word, number, found := strings.Cut(item, "=")
		weight := 1
		if found {
			weight, _ = strconv.Atoi(number)
		}
		result = append(result, weighted{word, weight})
	}
	return result
}
