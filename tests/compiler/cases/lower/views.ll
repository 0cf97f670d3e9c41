@"t.line" = internal global [64 x i8] zeroinitializer, align 16, !dbg !6

define internal {ptr, i64} @"t.part"(i64 %".given.lower", i64 %".given.upper") #0 {
".entry":
  %".local.lower" = alloca i64
  store i64 %".given.lower", ptr %".local.lower"
  %".local.upper" = alloca i64
  store i64 %".given.upper", ptr %".local.upper"
  %.return.0 = alloca ptr
  %.return.1 = alloca i64
  br label %"b.entry"
"b.entry":
  %.1 = load i64, ptr %".local.lower"
  %.2 = load i64, ptr %".local.upper"
  %.3 = icmp sge i64 %.1, 0
  br i1 %.3, label %L4, label %L5
L4:
  %.6 = icmp sge i64 %.2, 0
  br i1 %.6, label %L7, label %L8
L7:
  %.9 = call i64 @llvm.umin.i64(i64 %.2, i64 64)
  %.10 = call i64 @llvm.umin.i64(i64 %.1, i64 %.9)
  %.11 = getelementptr inbounds [1 x i8], ptr @"t.line", i64 %.10
  %.12 = sub i64 %.9, %.10
  store ptr %.11, ptr %.return.0
  store i64 %.12, ptr %.return.1
  br label %return
return:
  %.13 = load ptr, ptr %.return.0
  %.14 = load i64, ptr %.return.1
  %.15 = insertvalue {ptr, i64} poison, ptr %.13, 0
  %.16 = insertvalue {ptr, i64} %.15, i64 %.14, 1
  ret {ptr, i64} %.16
L5:
  call void asm sideeffect "", "~{memory}"()
  call void @llvm.ubsantrap(i8 1) #1
  unreachable
L8:
  call void asm sideeffect "", "~{memory}"()
  call void @llvm.ubsantrap(i8 1) #1
  unreachable
}

define internal i64 @"t.at"(ptr %".given.data:0", i64 %".given.data:1", i64 %".given.index") #0 {
".entry":
  %".local.data:0" = alloca ptr
  %".local.data:1" = alloca i64
  store ptr %".given.data:0", ptr %".local.data:0"
  store i64 %".given.data:1", ptr %".local.data:1"
  %".local.index" = alloca i64
  store i64 %".given.index", ptr %".local.index"
  %.return.0 = alloca i64
  br label %"b.entry"
"b.entry":
  %.1 = load ptr, ptr %".local.data:0"
  %.2 = load i64, ptr %".local.data:1"
  %.3 = load i64, ptr %".local.index"
  %.4 = icmp ult i64 %.3, %.2
  br i1 %.4, label %L5, label %L6
L5:
  %.7 = getelementptr inbounds i8, ptr %.1, i64 %.3
  %.8 = load i8, ptr %.7, align 1
  %.9 = zext i8 %.8 to i64
  store i64 %.9, ptr %.return.0
  br label %return
return:
  %.10 = load i64, ptr %.return.0
  ret i64 %.10
L6:
  call void asm sideeffect "", "~{memory}"()
  call void @llvm.ubsantrap(i8 1) #1
  unreachable
}

define internal i64 @"t.constant"() #0 {
".entry":
  %.return.0 = alloca i64
  br label %"b.entry"
"b.entry":
  %.1 = getelementptr inbounds i8, ptr @"t.line", i64 5
  %.2 = load i8, ptr %.1, align 1
  %.3 = zext i8 %.2 to i64
  store i64 %.3, ptr %.return.0
  br label %return
return:
  %.4 = load i64, ptr %.return.0
  ret i64 %.4
}
