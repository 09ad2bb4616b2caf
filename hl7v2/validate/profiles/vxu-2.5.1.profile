profile vxu-2.5.1
title Immunization history to a registry, VXU^V04, HL7 2.5.1 (CDC, Z22)
message VXU^V04
version 2.5.1
identifier Z22

groups
  PID                                 R 1..1
  PD1                                 RE 0..1
  NK1                                 RE 0..*
  PATIENT                             RE 0..1
  ORDER                               RE 0..*
  ORDER.ORC                           R 1..1
  ORDER.RXA                           R 1..1
  ORDER.RXR                           RE 0..1
  ORDER.OBSERVATION                   RE 0..*

datatype CE
  1  R
  3  R
  6  C(R/X) if .4 valued

datatype HD
  1  C(R/RE) if .2 absent
  2  C(R/O) if .1 absent
  3  C(R/X) if .2 valued

datatype EI
  1  R
  2  C(R/O) if .3 absent
  4  C(R/X) if .3 valued

datatype CX
  1  R
  4  R
  5  R

segment MSH
  1   R = "|"
  2   R in ("^~\&" "^~\&#")
  4   R
  7   R precision second zone
  9.1 R = VXU
  9.2 R = V04
  9.3 R = VXU_V04
  10  R
  11.1 R in (P D T)
  12.1 R = 2.5.1
  15  R in (AL NE ER SU)
  16  R in (AL NE ER SU)
  21  R
  21(1).1 R = Z22
  22  RE
  23  RE

segment PID
  1   R = 1
  3   R 1..*
  5   R 1..*
  5(1).1 R
  5(1).2 R
  5(1).7 R = L
  6   RE
  7   R precision day
  8   RE in (F M U X)
  10  RE
  11  RE
  13  RE
  22  RE
  24  RE in (Y N)
  25  C(RE/O) if 24 = Y
  29  C(RE/X) if 30 = Y
  30  RE in (Y N)

segment PD1
  11  RE
  12  RE in (Y N)
  13  C(RE/X) if 12 valued
  16  RE in (A I L M N O P U)
  17  C(RE/X) if 16 valued
  18  C(RE/X) if 11 valued

segment NK1
  1   R
  2   R
  3   R
  4   RE
  5   RE

segment ORC
  1   R = RE
  2   RE
  3   R
  10  RE
  12  C(RE/O) if RXA-9.1 = 00 and RXA-20 in (CP PA)

segment RXA
  1   R = 0
  2   R = 1
  3   R precision day
  4   O
  5   R
  6   R format number
  7   C(R/X) if not 6 = 999
  9   C(R/O) if 20 in (CP PA)
  10  C(RE/O) if 9.1 = 00 and 20 in (CP PA)
  11  C(RE/O) if 9.1 = 00 and 20 in (CP PA)
  15  C(R/RE) if 9.1 = 00 and 20 in (CP PA)
  16  C(RE/RE) if 9.1 = 00 and 20 in (CP PA)
  17  C(R/RE) if 9.1 = 00 and 20 in (CP PA)
  18  C(R/X) if 20 = RE
  20  RE in (CP NA PA RE)
  21  RE in (A D U)

segment RXR
  1   R
  2   RE

segment OBX in ORDER.OBSERVATION
  1   R format digits
  2   R in (CE NM ST DT ID TS)
  3   R
  4   R
  5   R 1..1
  6   C(R/O) if 2 = NM
  11  R = F
  14  RE precision day
  17  C(R/O) if 3.1 = 64994-7
