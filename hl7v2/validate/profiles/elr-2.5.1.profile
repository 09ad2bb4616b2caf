profile elr-2.5.1
title Electronic laboratory reporting to public health, ORU^R01, HL7 2.5.1
message ORU^R01
version 2.5.1
identifier 2.16.840.1.113883.9.10 2.16.840.1.113883.9.11 PHLabReport-Ack PHLabReport-NoAck

groups
  SFT                                                   R 1..*
  PATIENT_RESULT                                        R 1..1
  PATIENT_RESULT.PATIENT                                R 1..1
  PATIENT_RESULT.PATIENT.PID                            R 1..1
  PATIENT_RESULT.PATIENT.NK1                            RE 0..*
  PATIENT_RESULT.PATIENT.VISIT                          RE 0..1
  PATIENT_RESULT.ORDER_OBSERVATION                      R 1..*
  PATIENT_RESULT.ORDER_OBSERVATION.OBR                  R 1..1
  PATIENT_RESULT.ORDER_OBSERVATION.TIMING_QTY           O 0..1
  PATIENT_RESULT.ORDER_OBSERVATION.OBSERVATION          RE 0..*
  PATIENT_RESULT.ORDER_OBSERVATION.SPECIMEN             RE 0..*

# --- how identifiers and codes are stated everywhere

datatype HD
  1  RE len 1..20
  2  R len 1..199
  3  R in (CLIA ISO UUID)

datatype EI
  1  R len 1..199
  2  RE len 1..20
  3  R len 1..199
  4  R in (CLIA ISO UUID)

datatype CX
  1  R
  4  R
  5  R

datatype XCN
  1  RE
  2  RE
  9  C(R/O) if .1 valued

datatype CWE CE
  1  C(R/RE) if .9 absent
  3  C(R/X) if .1 valued
  6  C(R/X) if .4 valued
  9  RE

datatype XON
  1  RE
  6  C(R/O) if .10 valued

datatype ERL
  1  R
  2  R

# --- segments

segment MSH
  1   R = "|"
  2   R in ("^~\&" "^~\&#")
  3   RE 0..1
  4   R 1..1
  5   R 1..1
  6   R 1..1
  7   R 1..1 precision second zone
  9.1 R = ORU
  9.2 R = R01
  9.3 R = ORU_R01
  10  R len 1..199
  11.1 R in (P D T)
  12.1 R = 2.5.1
  15  R in (AL NE ER SU)
  16  R in (AL NE ER SU)
  21  R 1..*

segment SFT
  1   R
  2   R
  3   R
  4   R
  6   RE

segment PID
  1   R = 1
  3   R 1..*
  4   X
  5   R 1..*
  7   RE
  8   RE table 0001
  9   X
  10  RE
  11  RE
  29  C(RE/X) if 30 = Y
  30  RE in (Y N)
  35  C(R/RE) if 36 valued
  assert 5.1 valued or 5.7 = S "a patient has a family name or the name states that it is a pseudonym"

segment NK1
  1   R
  2   C(R/X) if 13 absent
  3   RE
  4   RE
  13  C(R/X) if 2 absent
  30  C(RE/X) if 13 valued

segment ORC
  1   R = RE
  2   C(R/RE) if OBR-2 valued
  3   R
  12  C(R/RE) if OBR-16 valued
  14  C(R/RE) if OBR-17 valued
  21  R 1..1
  22  R 1..1
  23  R 1..*
  24  RE
  assert 3 = OBR-3 "ORC-3 and OBR-3 name the same filler order"

segment OBR
  1   R format digits
  2   C(R/RE) if ORC-2 valued
  3   R 1..1
  4   R 1..1
  7   R 1..1 precision day
  8   RE
  11  RE
  16  RE
  22  R precision second zone
  25  R table 0123
  26  C(R/RE) if 11 = G
  28  RE
  29  C(R/RE) if 26 valued
  31  RE

segment OBX
  1   R format digits
  2   C(R/X) if 5 valued
  3   R 1..1
  4   RE
  5   RE 0..1
  6   C(R/RE) if 2 in (NM SN) and 5 valued
  8   RE 0..*
  11  R table 0085
  14  RE precision day
  15  RE
  17  RE
  19  RE
  23  R 1..1
  24  R 1..1
  25  RE
  assert 5 valued or 8 valued or 11 in (X N) "an observation has a value, or says why it has none"

segment SPM
  1   R format digits
  2   R
  4   R
  17  RE 0..1
  18  R 1..1 precision second zone
  24  RE

segment NTE
  3   R 1..1
