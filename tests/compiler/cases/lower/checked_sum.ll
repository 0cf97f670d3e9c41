define internal i64 @"t.sum"(i64 %".given.a", i64 %".given.b") #0 {
".entry":
  %".local.a" = alloca i64
  store i64 %".given.a", ptr %".local.a"
  %".local.b" = alloca i64
  store i64 %".given.b", ptr %".local.b"
  %.return.0 = alloca i64
  br label %"b.entry"
"b.entry":
  %.1 = load i64, ptr %".local.a"
  %.2 = load i64, ptr %".local.b"
  %.3 = call {i64, i1} @llvm.sadd.with.overflow.i64(i64 %.1, i64 %.2)
  %.4 = extractvalue {i64, i1} %.3, 1
  %.5 = extractvalue {i64, i1} %.3, 0
  %.6 = xor i1 %.4, true
  br i1 %.6, label %L7, label %L8
L7:
  %.9 = ashr i64 %.5, 3
  store i64 %.9, ptr %.return.0
  br label %return
return:
  %.10 = load i64, ptr %.return.0
  ret i64 %.10
L8:
  call void asm sideeffect "", "~{memory}"()
  call void @llvm.ubsantrap(i8 2) #1
  unreachable
}
