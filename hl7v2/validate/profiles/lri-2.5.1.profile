profile lri-2.5.1
title Laboratory results to ambulatory care, ORU^R01, HL7 2.5.1
message ORU^R01
version 2.5.1
identifier 2.16.840.1.113883.9.16 2.16.840.1.113883.9.17 2.16.840.1.113883.9.18 2.16.840.1.113883.9.19 LRI_Common_Component LRI_GU_RU_Profile LRI_GU_RN_Profile LRI_NG_RU_Profile LRI_NG_RN_Profile

groups
  PATIENT_RESULT                                        R 1..1
  PATIENT_RESULT.PATIENT                                R 1..1
  PATIENT_RESULT.PATIENT.PID                            R 1..1
  PATIENT_RESULT.ORDER_OBSERVATION                      R 1..*
  PATIENT_RESULT.ORDER_OBSERVATION.ORC                  R 1..1
  PATIENT_RESULT.ORDER_OBSERVATION.OBR                  R 1..1
  PATIENT_RESULT.ORDER_OBSERVATION.OBSERVATION          RE 0..*
  PATIENT_RESULT.ORDER_OBSERVATION.SPECIMEN             RE 0..1

datatype CWE CE
  1  C(R/RE) if .9 absent
  3  C(R/X) if .1 valued
  6  C(R/X) if .4 valued
  9  RE

datatype CX
  1  R
  4  RE
  5  R

datatype EI
  1  R

datatype HD
  1  C(R/O) if .2 absent
  3  C(R/X) if .2 valued

datatype ERL
  1  R
  2  R

segment MSH
  1   R = "|"
  2   R in ("^~\&" "^~\&#")
  3   RE
  4   R
  6   RE
  7   R precision second
  9.1 R = ORU
  9.2 R = R01
  9.3 R = ORU_R01
  10  R
  11.1 R in (P D T)
  12.1 R = 2.5.1
  15  R in (AL NE ER SU)
  16  R in (AL NE ER SU)
  21  R 1..*

segment PID
  1   R = 1
  3   R 1..*
  5   R 1..*
  7   R precision year
  8   R table 0001
  10  RE

segment ORC
  1   R = RE
  2   RE
  3   RE
  12  R
  assert 2 = OBR-2 "ORC-2 and OBR-2 name the same placer order"
  assert 3 = OBR-3 "ORC-3 and OBR-3 name the same filler order"

segment OBR
  1   R format digits
  2   RE
  3   R
  4   R
  7   R precision year
  8   C(RE/X) if 7 valued
  11  RE
  13  RE
  16  R
  22  R precision second
  25  R in (A C F P R X)
  26  C(R/RE) if 11 = G
  28  RE
  29  C(R/RE) if 26 valued
  assert 16 = ORC-12 or ORC-12 absent "OBR-16 and ORC-12 name the same provider"

segment TQ1
  1   R = 1
  7   RE
  8   RE
  9   R

segment OBX
  1   R format digits
  2   C(R/X) if 5 valued
  3   R
  4   C(R/RE) if 3.1 valued and 11 = X
  5   C(RE/X) if not 11 = X
  6   C(R/RE) if 2 in (NM SN) and 5 valued
  7   RE
  8   RE
  11  R table 0085
  14  RE
  19  RE
  23  R
  24  RE
  25  RE
  assert 5 valued or 8 valued or 11 in (X N P O) "an observation has a value, or says why it has none"

segment SPM
  1   R format digits
  4   R
  17.1 RE
  21  RE
  24  RE

segment NTE
  1   R
  3   R
