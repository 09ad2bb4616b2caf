profile pix-feed-2.3.1
title Patient identity feed (IHE ITI-8), ADT A01 A04 A05 A08 A40, HL7 2.3.1
message ADT^A01 ADT^A04 ADT^A05 ADT^A08 ADT^A40
version 2.3.1

datatype HD
  1  C(R/O) if .2 absent
  2  C(R/O) if .1 absent
  3  C(R/O) if .2 valued

segment MSH
  1   R = "|"
  2   R = "^~\&"
  3   R
  4   R
  5   R
  6   R
  7   R precision second
  9.1 R = ADT
  9.2 R in (A01 A04 A05 A08 A40)
  9.3 R in (ADT_A01 ADT_A05 ADT_A39)
  10  R
  11  R
  12.1 R = 2.3.1

segment EVN
  2   R
  6   RE

segment PID
  3   R 1..*
  3.1 R
  3.4 R
  5   R
  7   RE precision day
  8   RE in (F M O U A N)
  11  RE
  18  C(RE/O) if MSH-9.2 in (A01 A04 A05 A08)

segment PV1
  2   R

segment MRG
  1   R
  1.1 R
  1.4 R
  2   X
  3   O
  4   X
