"""A clean body of every X12 set: functional identifier, then the segments between ST and SE."""

from __future__ import annotations

SPECIMENS: dict[str, tuple[str, tuple[str, ...]]] = {
    "810": ("IN", (
        "BIG*20260105*INV-1*20260101*4711*7**DI*00",
        "NTE*GEN*Thank you",
        "CUR*SE*USD",
        "REF*DP*38",
        "N1*RI*Supplier*92*0007", "N3*1 Main Street", "N4*Ames*IA*50010*US", "PER*AR*Accounts*TE*5551234",
        "ITD*01*3*2**10**30", "DTM*011*20260104", "FOB*PP",
        "N9*ZZ*note", "MSG*One line of text",
        "IT1*1*5*EA*9.25**UP*012345678905*VN*MUG-1", "IT3*5*EA*CL", "TXI*ST*1.25*2.7",
        "PID*F****Mug", "REF*PO*4711", "SDQ*EA*92*0001*2*0002*3", "CAD*M***ABCD*Ground", "SAC*A*C310***125",
        "TXI*ST*.1",
        "TDS*4625*4625*4500*125", "TXI*ST*1.25", "CAD*M***ABCD*Ground**BM*B1", "AMT*1*46.25",
        "SAC*C*D240***995********Freight", "ISS*5*EA*2*LB", "CTT*1*5",
    )),
    "850": ("PO", (
        "BEG*00*SA*4711**20260105", "REF*DP*38", "PER*BD*Buyer*EM*b@example.com", "FOB*CC", "SAC*C*D240***500",
        "ITD*01*3*2**10**30", "DTM*010*20260110", "TD5**2*ABCD*M*Ground", "N9*L1*SPECIAL", "MSG*Gift wrap",
        "N1*ST*Store 7*92*0007", "N2*Receiving", "N3*1 Main Street", "N4*Ames*IA*50010*US",
        "PO1*1*5*EA*9.25**UP*012345678905*VN*MUG-1", "CTP**UCP*9.25", "PID*F****Mug", "PO4*6*1*EA",
        "SDQ*EA*92*0001*2*0002*3", "SCH*5*EA***010*20260110", "CTT*1*5", "AMT*TT*46.25",
    )),
    "855": ("PR", (
        "BAK*00*AC*4711*20260105****S-1*20260106", "REF*VN*9", "N1*ST*Store 7*92*0007",
        "PO1*1*5*EA*9.25**UP*012345678905", "PID*F****Mug", "ACK*IA*3*EA*068*20260110", "ACK*IB*2*EA",
        "DTM*068*20260120", "CTT*1",
    )),
    "856": ("SH", (
        "BSN*00*SHIP-1*20260105*1200*0001", "DTM*011*20260105",
        "HL*1**S", "TD1*CTN25*1****G*12*LB", "TD5**2*ABCD*M*Ground", "TD3*TL**1234******SEAL", "REF*BM*B1", "FOB*PP",
        "N1*ST*Store 7*92*0007", "N3*1 Main Street", "N4*Ames*IA*50010",
        "HL*2*1*O", "PRF*4711***20260105", "TD1*CTN25*1",
        "HL*3*2*P", "MAN*GM*00106141412345678908",
        "HL*4*3*I", "LIN*1*UP*012345678905*VN*MUG-1", "SN1*1*5*EA**5*EA", "PID*F****Mug", "CTT*4*5",
    )),
    "860": ("PC", (
        "BCH*04*SA*4711**1*20260105", "REF*DP*38", "DTM*010*20260110", "N9*L1*CHANGE", "MSG*Less of line 1",
        "N1*ST*Store 7*92*0007", "POC*1*QD*3*2*EA*9.25**UP*012345678905", "PID*F****Mug", "SDQ*EA*92*0001*3",
        "SCH*3*EA***010*20260110", "POC*2*DI*0*0*EA", "CTT*2",
    )),
    "865": ("CA", (
        "BCA*00*AC*4711**1*20260105", "N1*ST*Store 7*92*0007",
        "POC*1*QD*3*2*EA*9.25**UP*012345678905", "ACK*IA*3*EA", "POC*2*DI*0*0*EA", "ACK*ID*0*EA", "CTT*2",
    )),
    "940": ("OW", (
        "W05*N*D-1*4711*001001*M-1", "N1*ST*Store 7*92*0007", "N3*1 Main Street", "N4*Ames*IA*50010*US",
        "N1*DE*Depositor*9*123456789", "N9*ST*0007", "G61*DC*Dock*TE*5551234", "G62*10*20260110",
        "NTE*WHI*Handle with care", "W66*PP*M**PL*Ground*****ABCD", "LX*1",
        "W01*5*EA**UP*012345678905*VN*MUG-1", "G69*Mug", "N9*LI*1", "W20*6*1*EA*2*G*L", "QTY*33*5",
        "W76*5*12*LB*1.5*CF",
    )),
    "945": ("SW", (
        "W06*F*D-1*20260106*S-1**4711", "N1*ST*Store 7*92*0007", "N3*1 Main Street", "N4*Ames*IA*50010*US", "N9*BM*B1",
        "G62*11*20260106", "NTE*WHI*Handled with care", "W27*M*ABCD*Ground*PP", "LX*1", "MAN*GM*00106141412345678908",
        "W12*CC*5*5*0*EA**UP*012345678905", "G69*Mug", "N9*LI*1", "W03*5*12*LB*1.5*CF*1*CT",
    )),
    "997": ("FA", (
        "AK1*PO*1", "AK2*850*0001", "AK3*BEG*2**8", "AK4*5*373*8*20261399", "AK5*E*5", "AK2*850*0002", "AK5*A",
        "AK9*E*2*2*2",
    )),
    "999": ("FA", (
        "AK1*PO*1*005010", "AK2*850*0001", "IK3*BEG*2**8", "CTX*PO1>1", "IK4*5*373*8*20261399", "IK5*E*5", "AK2*850*0002",
        "IK5*A", "AK9*E*2*2*2",
    )),
}  # fmt: skip
