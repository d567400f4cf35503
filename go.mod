module github.com/anabranch/anabranch

go 1.26
